import { OWN_SCAN_MAX } from './limits.js';
import type { SourceState } from './source-state.js';
import type { TransferState } from './state.js';
import { scoreOf } from './turn-score.js';
import { rateOf } from './who.js';

/**
 * Taking turns in a crowd. Downloaders that know each other fetch different segments from those that have everything:
 * each segment is the turn of the one with the highest score for it (rendezvous hashing: Thaler and Ravishankar, "Using
 * name-based mappings to increase hit rates", 1998), so that they agree without a word, and the rest they get from each
 * other. Without it everybody soon asks a lone holder for what it has just sent to someone else: it then sends 1.3 copies
 * to 8 instead of 1.1, and is what all wait for (test/simulation/crowds.spec.ts).
 */
export interface Turns {
  /** Scores of the other downloaders begin with these. */
  readonly others: readonly number[];
}

/** Undefined when there are no others, or when they bring less than those that have everything: these are not what is short then. */
export function turnsOf(state: TransferState, now: number): Turns | undefined {
  if (state.selfHash === undefined) return undefined;
  const others: number[] = [];
  let balance = 0;
  for (const source of state.live) {
    if (source.phase !== 'live' || source.quarantined || source.refusing) continue;
    const rate = rateOf(state, source, now);
    balance += source.complete ? -rate : rate;
    if (!source.complete) others.push(source.hash);
  }
  return others.length === 0 || balance < 0 ? undefined : { others };
}

/** Whether `source` is asked for own segments first: it has everything, and some of that nobody else is known to have. */
export function takesTurns(state: TransferState, source: SourceState, turns: Turns | undefined): turns is Turns {
  return turns !== undefined && source.complete && (state.levels[0]?.count ?? 0) > 0;
}

/** A missing segment that nobody else is known to have and whose turn is this download's, as a rank, or -1. */
export function firstOwn(state: TransferState, { others }: Turns): number {
  const unknown = state.levels[0];
  const mine = state.selfHash;
  if (unknown === undefined || mine === undefined) return -1;
  let rank = state.turn;
  for (let looked = Math.min(unknown.count, OWN_SCAN_MAX); looked > 0; looked--) {
    rank = unknown.after(rank);
    if (rank < 0) rank = unknown.after(-1);
    const segment = state.segmentOf[rank] ?? 0;
    const score = scoreOf(mine, segment);
    if (others.some((other) => scoreOf(other, segment) > score)) continue;
    state.turn = rank;
    return rank;
  }
  state.turn = rank;
  return -1;
}
