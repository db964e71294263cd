import type { Attempt, FlightFile } from './flight-file.js';

/** What one source did. */
export interface Lane {
  readonly source: string;
  readonly attempts: readonly Attempt[];
  /** Of verified segments. */
  readonly segments: number;
  readonly fileBytes: number;
  readonly wireBytes: number;
  /** Attempts that came to nothing because the source was lost, or sent what is wrong. */
  readonly lost: number;
  /** Segments that another had owed, or was slow with, and this one delivered. */
  readonly takenOver: number;
}

/** A segment that one source owed, and who delivered it in the end. */
export interface Handover {
  readonly segment: number;
  readonly from: string;
  readonly reason: string;
  readonly atMs: number;
  /** Absent when nobody did, within the record. */
  readonly to?: string;
  /** From `atMs` until it was verified. */
  readonly afterMs?: number;
}

export interface FlightModel {
  readonly file: FlightFile;
  /** From the first request to the last end, in ms of the record; a record without attempts spans nothing. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly fileBytes: number;
  /** In the order in which they were first asked. */
  readonly lanes: readonly Lane[];
  readonly handovers: readonly Handover[];
}

export function flightModel(file: FlightFile): FlightModel {
  const bySource = Map.groupBy(
    file.attempts.toSorted((left, right) => left.askedMs - right.askedMs),
    ({ source }) => source,
  );
  const lanes = [...bySource].map(([source, attempts]) => laneOf(source, attempts));
  const first = file.attempts.reduce((least, { askedMs }) => Math.min(least, askedMs), Number.POSITIVE_INFINITY);
  const last = file.attempts.reduce((most, { endedMs }) => Math.max(most, endedMs), 0);
  return {
    file,
    fromMs: file.attempts.length === 0 ? 0 : first,
    untilMs: last,
    fileBytes: lanes.reduce((sum, { fileBytes }) => sum + fileBytes, 0),
    lanes,
    handovers: handoversOf(file),
  };
}

function laneOf(source: string, attempts: readonly Attempt[]): Lane {
  const verified = attempts.filter(({ outcome }) => outcome === 'verified');
  return {
    source,
    attempts,
    segments: verified.length,
    fileBytes: verified.reduce((sum, { rawBytes }) => sum + rawBytes, 0),
    wireBytes: attempts.reduce((sum, { wireBytes }) => sum + wireBytes, 0),
    lost: attempts.filter(isLost).length,
    takenOver: verified.filter(isTakenOver).length,
  };
}

export function isLost({ outcome }: Attempt): boolean {
  return outcome === 'lost' || outcome === 'corrupt';
}

export function isTakenOver({ cause }: Attempt): boolean {
  return cause !== 'first';
}

function handoversOf({ moves, attempts }: FlightFile): Handover[] {
  const deliveries = new Map(attempts.filter(({ outcome }) => outcome === 'verified').map((attempt) => [attempt.segment, attempt]));
  return moves.map(({ segment, source, reason, atMs }) => {
    const delivery = deliveries.get(segment);
    const end = delivery === undefined ? {} : { to: delivery.source, afterMs: Math.max(0, delivery.endedMs - atMs) };
    return { segment, from: source, reason, atMs, ...end };
  });
}
