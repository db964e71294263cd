import type { RequestCause } from './commands.js';
import type { RequestId } from './events.js';
import { WINDOW_SEGMENTS_MAX, WINDOW_SEGMENTS_START } from './limits.js';
import type { RankSet } from './rank-set.js';
import type { SourceId } from './source.js';
import { hashOf } from './turn-score.js';

/** A source as the scheduler remembers it, through losses and returns. */
export interface SourceState {
  readonly id: SourceId;
  /** Of its id. */
  readonly hash: number;
  /** live: may be asked. draining: finishes what it owes. leaving: told to disconnect. lost: gone, perhaps to return. */
  phase: 'live' | 'draining' | 'leaving' | 'lost';
  quarantined: boolean;

  /** What it has: everything, or a set. `wanted` is the part of the set that is missing here. */
  complete: boolean;
  have: RankSet | undefined;
  wanted: RankSet | undefined;
  /** Whether its holdings count in the availability of segments. */
  counted: boolean;
  /** It said that it has everything and then lacked a segment: it is not believed again in this life. */
  completeDoubted: boolean;

  /** Attempts it has not finished, oldest first, and sums over those still asked for. */
  readonly owed: Attempt[];
  askedCount: number;
  askedBytes: number;
  askedWireBytes: number;

  /** Bytes a second its artificial delay allows, encoded; 0 for no delay. */
  paceBytesPerSecond: number;
  /** Bytes of file a second: the present estimate (0: nothing measured) and the best it had. */
  rateBytesPerSecond: number;
  rateBestBytesPerSecond: number;
  /** The estimate contains latency, because nothing better was to be had: the next clean measurement replaces it. */
  rateIsRough: boolean;
  /** Since when the bytes of the next measurement count, and how many there are. */
  measuredFrom: number;
  measuredBytes: number;
  /** When the latest attempt ended: the next in line is served since then. */
  servedFrom: number;
  /** The least time from a request on an idle connection to its first byte. */
  latencyMs: number | undefined;

  /** How many segments it may owe at once; the most it has shown that it can take; completions since that last grew. */
  windowSegments: number;
  windowMax: number;
  windowCompletions: number;

  /** When the last sign of life came, or its first request went out. */
  aliveAt: number;
  /** Whether a byte has come since then. */
  heard: boolean;
  gapMs: number;
  patience: number;

  pausedUntil: number;
  failuresInARow: number;
  refusing: boolean;

  segments: number;
  fileBytes: number;
  wireBytes: number;
}

/** One request for a segment, from when it is sent until its buffer is free. */
export interface Attempt {
  readonly request: RequestId;
  readonly source: SourceState;
  /** The segment, as its place in the order of this download. */
  readonly rank: number;
  /** Bytes of file it is to bring. */
  readonly fileBytes: number;
  readonly requestedAt: number;
  readonly cause: RequestCause;
  /** asked: the source owes it. cancelling: no longer wanted, its buffer not yet free. received: being verified. */
  phase: 'asked' | 'cancelling' | 'received';
  cancelledAt: number;
  /** Bytes of body so far, how many of them came with the first arrival, and when the first and the latest came. */
  wireBytes: number;
  firstWireBytes: number;
  firstByteAt: number;
  latestByteAt: number;
  /** Whether nothing else was owed when it was asked, so that the time to its first byte is the link's latency. */
  readonly onIdle: boolean;
  duel: Duel | undefined;
}

/** Two attempts at one segment, and the waste that is set aside for the one that loses. */
export interface Duel {
  readonly first: Attempt;
  readonly second: Attempt;
  reservedBytes: number;
}

export function newSource(id: SourceId): SourceState {
  return {
    id,
    hash: hashOf(id),
    phase: 'lost',
    quarantined: false,
    complete: false,
    have: undefined,
    wanted: undefined,
    counted: false,
    completeDoubted: false,
    owed: [],
    askedCount: 0,
    askedBytes: 0,
    askedWireBytes: 0,
    paceBytesPerSecond: 0,
    rateBytesPerSecond: 0,
    rateBestBytesPerSecond: 0,
    rateIsRough: true,
    measuredFrom: 0,
    measuredBytes: 0,
    servedFrom: 0,
    latencyMs: undefined,
    windowSegments: WINDOW_SEGMENTS_START,
    windowMax: WINDOW_SEGMENTS_MAX,
    windowCompletions: 0,
    aliveAt: 0,
    heard: false,
    gapMs: 0,
    patience: 1,
    pausedUntil: 0,
    failuresInARow: 0,
    refusing: false,
    segments: 0,
    fileBytes: 0,
    wireBytes: 0,
  };
}

export function hasSegment(source: SourceState, rank: number): boolean {
  return source.complete || (source.have !== undefined && source.have.has(rank));
}
