import { Failure, segmentBytesOf, segmentCountOf } from '@p2p/protocol';
import type { RedistributionReason, TransferCommand } from './commands.js';
import { FIND_INTERVAL_MS_MIN } from './limits.js';
import { RankSet, type SearchCost } from './rank-set.js';
import { seededOrder } from './seeded-order.js';
import type { TransferSettings } from './settings.js';
import type { Attempt, SourceState } from './source-state.js';
import type { SourceId } from './source.js';
import { hashOf } from './turn-score.js';
import { newWasteBudget, type WasteBudget } from './waste-budget.js';

/** Everything a download's scheduler knows. Only `step` changes it. */
export interface TransferState {
  readonly fileBytes: number;
  readonly segmentBytes: number;
  readonly segmentCount: number;
  readonly holderWaitMs: number;
  buffersMax: number;

  /** The order of this download: rank to segment, and back. Everything below speaks of ranks. */
  readonly segmentOf: Uint32Array;
  readonly rankOf: Uint32Array;
  readonly verified: RankSet;
  /** Neither verified, nor asked for, nor being verified. */
  readonly missing: RankSet;
  /** Those of the missing that some source owed before: asked for first. */
  readonly front: Set<number>;
  /** Segments that have moved from one source to another, until they are verified. */
  readonly moved: Set<number>;

  /** How many counted partial sources have each rank; missing ranks by that number; and how many sources have everything. */
  readonly availability: Uint16Array;
  readonly levels: RankSet[];
  completeSources: number;

  /** Turns in a crowd (`turns.ts`): this download's name there and where its search for segments of its own goes on. */
  readonly selfHash: number | undefined;
  turn: number;

  readonly sources: Map<SourceId, SourceState>;
  /** Those of the sources that are not lost. */
  readonly live: SourceState[];

  nextRequest: number;
  readonly attempts: Map<number, Attempt>;
  /** Attempts by rank, in any phase. */
  readonly attemptsAt: Map<number, Attempt[]>;

  readonly waste: WasteBudget;
  /** Wire bytes over file bytes of what came lately: what a pace in wire bytes is worth. */
  wireRatio: number;
  /** What sources without a pace brought lately, in bytes of file a second: expected of one that is new. 0: nothing measured. */
  typicalBytesPerSecond: number;

  /** When silence is looked for next. */
  nextBeatAt: number;
  nextHedgeScanAt: number;
  nextFindAt: number;
  findIntervalMs: number;
  /** The wait for a holder: since when (undefined while there is one), and when it gives up, kept until a segment is verified. */
  waitingSince: number | undefined;
  waitUntil: number | undefined;
  wakeAt: number | undefined;
  /** When the latest event was. */
  latestAt: number;
  /** Something happened that may allow a new request. */
  unplanned: boolean;
  ended: boolean;

  commands: TransferCommand[];
  readonly account: Account;
  readonly cost: SearchCost;
}

/** Sums for the report. */
export interface Account {
  segmentsResumed: number;
  resumedBytes: number;
  verifiedBytes: number;
  wireBytes: number;
  wastedBytes: number;
  hedged: number;
  rejected: number;
  readonly redistributed: Record<RedistributionReason, number>;
}

/** Begins a download. Throws `LIMIT_EXCEEDED` for a file that is too large, `BAD_REQUEST` when `verified` is of another file. */
export function createTransfer(settings: TransferSettings): TransferState {
  const segmentCount = segmentCountOf(settings.fileBytes);
  const segmentBytes = segmentBytesOf(settings.fileBytes);
  if (settings.verified.size !== segmentCount) {
    throw new Failure('BAD_REQUEST', `a record of ${settings.verified.size} verified segments for a file of ${segmentCount}`);
  }
  const segmentOf = seededOrder(segmentCount, settings.seed);
  const state: TransferState = {
    fileBytes: settings.fileBytes,
    segmentBytes,
    segmentCount,
    holderWaitMs: settings.holderWaitMs,
    buffersMax: Math.max(1, settings.buffersMax),
    segmentOf,
    rankOf: inverse(segmentOf),
    verified: new RankSet(segmentCount),
    missing: new RankSet(segmentCount),
    front: new Set(),
    moved: new Set(),
    availability: new Uint16Array(segmentCount),
    levels: [new RankSet(segmentCount)],
    completeSources: 0,
    selfHash: settings.self === undefined ? undefined : hashOf(settings.self),
    turn: -1,
    sources: new Map(),
    live: [],
    nextRequest: 0,
    attempts: new Map(),
    attemptsAt: new Map(),
    waste: newWasteBudget(settings.fileBytes, segmentBytes),
    wireRatio: 1,
    typicalBytesPerSecond: 0,
    nextBeatAt: Infinity,
    nextHedgeScanAt: 0,
    nextFindAt: settings.now,
    findIntervalMs: FIND_INTERVAL_MS_MIN,
    waitingSince: undefined,
    waitUntil: undefined,
    wakeAt: settings.now,
    latestAt: settings.now,
    unplanned: true,
    ended: false,
    commands: [],
    account: newAccount(),
    cost: { words: 0 },
  };
  for (let segment = 0; segment < segmentCount; segment++) {
    const rank = state.rankOf[segment] ?? 0;
    if (settings.verified.has(segment)) {
      state.verified.add(rank);
      state.account.segmentsResumed++;
      state.account.resumedBytes += lengthOf(state, rank);
    } else {
      state.missing.add(rank);
      state.levels[0]?.add(rank);
    }
  }
  state.account.verifiedBytes = state.account.resumedBytes;
  return state;
}

/** Bytes of the segment at `rank`: all are alike but the last of the file. */
export function lengthOf(state: TransferState, rank: number): number {
  const segment = state.segmentOf[rank] ?? 0;
  return segment === state.segmentCount - 1 ? state.fileBytes - segment * state.segmentBytes : state.segmentBytes;
}

function inverse(order: Uint32Array): Uint32Array {
  const places = new Uint32Array(order.length);
  for (let place = 0; place < order.length; place++) places[order[place] ?? 0] = place;
  return places;
}

function newAccount(): Account {
  return {
    segmentsResumed: 0,
    resumedBytes: 0,
    verifiedBytes: 0,
    wireBytes: 0,
    wastedBytes: 0,
    hedged: 0,
    rejected: 0,
    redistributed: { source_left: 0, source_silent: 0, source_slow: 0, corrupt: 0, refused: 0 },
  };
}
