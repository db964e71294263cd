import { Bitmap, SEGMENT_BYTES_MAX } from '@p2p/protocol';
import type { TransferCommand } from '../commands.js';
import type { TransferEvent } from '../events.js';
import { seededRandom } from '../seeded-order.js';
import { createTransfer } from '../state.js';
import { step } from '../step.js';

/** Segments that are told of at a time, by a partial holder. */
const GAINS = 4;

/** What the steps of one download cost. */
export interface StepCost {
  readonly steps: number;
  /** Wall-clock time of a step, in us: half of them take no longer, and the mean. */
  readonly medianUs: number;
  readonly meanUs: number;
  /** Words of bitset read for a segment. */
  readonly wordsPerSegment: number;
}

/**
 * Takes a file of `segments` from `peers` that come and go, `liveMax` at a time, half of them with half of the file and
 * gaining more. `elapsedUs` is a clock of the machine.
 */
export function turnover(options: { peers: number; liveMax: number; segments: number; elapsedUs: () => number }): StepCost {
  const { peers, liveMax, segments, elapsedUs } = options;
  const fileBytes = segments * SEGMENT_BYTES_MAX;
  const state = createTransfer({ fileBytes, verified: new Bitmap(segments), seed: 1, holderWaitMs: 60_000, buffersMax: 64, now: 0 });
  const random = seededRandom(peers + segments);
  const open: Extract<TransferCommand, { kind: 'request' }>[] = [];
  const live: string[] = [];
  const costs: number[] = [];
  let now = 0;
  let next = 0;
  const take = (event: TransferEvent): void => {
    const from = elapsedUs();
    const commands = step(state, event, now);
    costs.push(elapsedUs() - from);
    for (const command of commands) if (command.kind === 'request') open.push(command);
  };
  const join = (): void => {
    const have = new Bitmap(segments);
    if (next % 2 === 1) for (let segment = 0; segment < segments; segment++) if (random() % 2 === 0) have.add(segment);
    const source = `peer-${next++}`;
    live.push(source);
    take({ kind: 'source_joined', source, have: next % 2 === 1 ? 'complete' : have, paceBytesPerSecond: 0 });
  };
  // As many come and go with each segment as there are to come and go in all.
  const isDue = (): boolean => next < peers && (live.length < liveMax || next < (state.verified.count / segments) * peers);
  while (state.verified.count < segments) {
    now += 0.5;
    while (isDue()) {
      if (live.length >= liveMax) take({ kind: 'source_left', source: live.shift() ?? '' });
      join();
    }
    const source = live[random() % live.length] ?? '';
    take({ kind: 'source_gained', source, segments: Array.from({ length: GAINS }, () => random() % segments) });
    const request = open.shift();
    if (request === undefined) throw new Error(`it stopped after ${state.verified.count} segments`);
    if (state.attempts.get(request.request)?.phase !== 'asked') continue;
    const bytes = SEGMENT_BYTES_MAX;
    take({ kind: 'bytes_received', source: request.source, request: request.request, wireBytes: bytes });
    take({ kind: 'segment_received', request: request.request, arrival: { codec: 'identity', wireBytes: bytes, fileBytes: bytes } });
    take({ kind: 'segment_verified', request: request.request });
  }
  const sorted = costs.toSorted((one, other) => one - other);
  return {
    steps: costs.length,
    medianUs: sorted[Math.floor(costs.length / 2)] ?? NaN,
    meanUs: costs.reduce((sum, cost) => sum + cost, 0) / costs.length,
    wordsPerSegment: state.cost.words / segments,
  };
}
