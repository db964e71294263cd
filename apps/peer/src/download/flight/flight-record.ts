import type { LimitShares, RedistributionReason, RequestCause } from '@p2p/transfer';
import { FLIGHT_LINES_MAX } from '../../limits.js';
import type { Clock } from '../clock.js';
import type { SegmentOutcome } from '../download-metrics.js';
import type { SegmentRequest } from '../segment-request.js';
import type { SettledSegment } from '../segment-worker-client.js';
import { LimitTrack } from './limit-track.js';
import type { FlightAttempt, FlightHead, FlightLine, FlightRedistribution } from './flight-line.js';

/** What happened in one download: every attempt at a segment, and why segments moved. Bounded: what is beyond is counted only. */
export class FlightRecord {
  readonly #clock: Clock;
  readonly #beganAt: number;
  readonly #startedAt: string;
  readonly #lines: (FlightAttempt | FlightRedistribution)[] = [];
  readonly #underWay = new Map<number, { readonly cause: RequestCause; stored?: SettledSegment }>();
  readonly #limits = new LimitTrack();
  #dropped = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#beganAt = clock.now();
    this.#startedAt = new Date().toISOString();
  }

  asked(request: SegmentRequest, cause: RequestCause): void {
    this.#underWay.set(request.id, { cause });
  }

  /** What the worker did with it. */
  stored(request: SegmentRequest, result: SettledSegment): void {
    const attempt = this.#underWay.get(request.id);
    if (attempt !== undefined) attempt.stored = result;
  }

  ended(request: SegmentRequest, outcome: SegmentOutcome): void {
    const attempt = this.#underWay.get(request.id);
    if (attempt === undefined) return;
    this.#underWay.delete(request.id);
    const { segment, source, codec, rawBytes, wireBytes } = request;
    const firstByteMs = request.firstByteAt === undefined ? undefined : this.#sinceBegin(request.firstByteAt);
    const receivedMs = request.receivedAt === undefined ? undefined : this.#sinceBegin(request.receivedAt);
    this.#add({
      kind: 'attempt',
      segment,
      source,
      cause: attempt.cause,
      codec,
      rawBytes,
      wireBytes,
      askedMs: this.#sinceBegin(request.startedAt),
      ...(firstByteMs === undefined ? {} : { firstByteMs }),
      ...(receivedMs === undefined ? {} : { receivedMs }),
      endedMs: this.#sinceBegin(this.#clock.now()),
      outcome,
      ...(attempt.stored === undefined ? {} : phasesOf(attempt.stored)),
    });
  }

  redistributed(what: { readonly segment: number; readonly source: string; readonly reason: RedistributionReason }): void {
    const { segment, source, reason } = what;
    this.#add({ kind: 'redistributed', segment, source, reason, atMs: this.#sinceBegin(this.#clock.now()) });
  }

  /** What bounded the speed in a span of the clock. */
  limited({ from, until, shares }: { readonly from: number; readonly until: number; readonly shares: LimitShares }): void {
    // The record may have begun in the middle of it.
    this.#limits.add({ fromMs: Math.max(0, this.#sinceBegin(from)), untilMs: this.#sinceBegin(until), shares });
  }

  /** All of it so far: what bounded the speed, then the attempts in the order in which it ended. */
  *lines(download: Pick<FlightHead, 'id' | 'name' | 'bytes'>): Generator<FlightLine, void, undefined> {
    const { id, name, bytes } = download;
    const untilMs = this.#sinceBegin(this.#clock.now());
    yield { kind: 'download', version: 1, id, name, bytes, startedAt: this.#startedAt, untilMs, dropped: this.#dropped };
    yield* this.#limits.lines();
    yield* this.#lines;
  }

  #add(line: FlightAttempt | FlightRedistribution): void {
    if (this.#lines.length < FLIGHT_LINES_MAX) this.#lines.push(line);
    else this.#dropped += 1;
  }

  #sinceBegin(at: number): number {
    return micros(at - this.#beganAt);
  }
}

function phasesOf({ queueMs, times }: SettledSegment): Pick<FlightAttempt, 'queueMs' | 'decompressMs' | 'verifyMs' | 'writeMs'> {
  const { decompressMs, verifyMs, writeMs } = times;
  return { queueMs: micros(queueMs), decompressMs: micros(decompressMs), verifyMs: micros(verifyMs), writeMs: micros(writeMs) };
}

/** Milliseconds with three decimals: more are noise. */
function micros(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
