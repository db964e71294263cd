import { FRONT_SCAN_MAX, PICK_WORDS_MAX } from './limits.js';
import { hasSegment, type SourceState } from './source-state.js';
import type { TransferState } from './state.js';
import { firstOwn, takesTurns, type Turns } from './turns.js';

/**
 * Which missing segment to ask `source` for, as a rank, or -1 when it has none: first what another source owed and did
 * not deliver, then what the fewest sources have; among equals the first in the order of this download. In a crowd, of a
 * source that has everything, what is this download's turn (`turns.ts`).
 */
export function pick(state: TransferState, source: SourceState, turns: Turns | undefined): number {
  const redistributed = pickFromFront(state, source);
  if (redistributed >= 0) return redistributed;
  if (takesTurns(state, source, turns)) {
    const own = firstOwn(state, turns);
    // Others may be slow, or not at it at all: theirs are asked for one at a time, so that nobody waits for them.
    if (own >= 0 || source.askedCount > 0) return own;
  }
  if (source.complete) {
    for (const level of state.levels) if (level.count > 0) return level.first(state.cost);
    return -1;
  }
  const { wanted } = source;
  if (wanted === undefined || wanted.count === 0) return -1;
  const wordsMax = state.cost.words + PICK_WORDS_MAX;
  for (const level of state.levels) {
    const rarest = level.firstCommon(wanted, state.cost, wordsMax);
    if (rarest >= 0) return rarest;
  }
  return wanted.first(state.cost);
}

function pickFromFront(state: TransferState, source: SourceState): number {
  let looked = 0;
  for (const rank of state.front) {
    if (hasSegment(source, rank)) return rank;
    if (++looked === FRONT_SCAN_MAX) break;
  }
  return -1;
}
