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
  /** What scores begin with: this downloader's, and those of the others. */
  readonly mine: number;
  readonly others: readonly number[];
}

/** Undefined when there are no others, or when they bring less than those that have everything: these are not what is short then. */
export function turnsOf(state: TransferState, now: number): Turns | undefined {
  const mine = state.selfHash;
  // Most downloads are of complete holders alone, and plan with every segment.
  if (mine === undefined || state.live.every(({ complete }) => complete)) return undefined;
  const others: number[] = [];
  let balance = 0;
  for (const source of state.live) {
    if (source.phase !== 'live' || source.quarantined || source.refusing) continue;
    const rate = rateOf(state, source, now);
    balance += source.complete ? -rate : rate;
    if (!source.complete) others.push(source.hash);
  }
  return others.length === 0 || balance < 0 ? undefined : { mine, others };
}

/** Whether `source` is asked for own segments first: it has everything, and some of that nobody else is known to have. */
export function takesTurns(state: TransferState, source: SourceState, turns: Turns | undefined): turns is Turns {
  return turns !== undefined && source.complete && (state.levels[0]?.count ?? 0) > 0;
}

/** A missing segment that nobody else is known to have and whose turn is this download's, as a rank, or -1. */
export function firstOwn(state: TransferState, { mine, others }: Turns): number {
  const unknown = state.levels[0];
  if (unknown === undefined) return -1;
  for (let looked = Math.min(unknown.count, OWN_SCAN_MAX); looked > 0; looked--) {
    const next = unknown.after(state.turn);
    state.turn = next < 0 ? unknown.after(-1) : next;
    const segment = state.segmentOf[state.turn] ?? 0;
    const score = scoreOf(mine, segment);
    if (others.every((other) => scoreOf(other, segment) <= score)) return state.turn;
  }
  return -1;
}
