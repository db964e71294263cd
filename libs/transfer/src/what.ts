import { FRONT_SCAN_MAX, PICK_WORDS_MAX } from './limits.js';
import { hasSegment, type SourceState } from './source-state.js';
import type { TransferState } from './state.js';

/**
 * Which missing segment to ask `source` for, as a rank, or -1 when it has none: first what another source owed and did
 * not deliver, then what the fewest sources have; among equals the first in the order of this download.
 */
export function pick(state: TransferState, source: SourceState): number {
  const redistributed = pickFromFront(state, source);
  if (redistributed >= 0) return redistributed;
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
