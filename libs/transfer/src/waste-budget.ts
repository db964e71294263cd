import { HEDGE_WASTE_RATIO_MAX, HEDGE_WASTE_SEGMENTS_MIN } from './limits.js';
import type { Attempt, Duel } from './source-state.js';

/** What hedging may waste: spent for good, and set aside for duels under way. Their sum never passes `bytesMax`. */
export interface WasteBudget {
  readonly bytesMax: number;
  spentBytes: number;
  reservedBytes: number;
}

export function newWasteBudget(fileBytes: number, segmentBytes: number): WasteBudget {
  return {
    bytesMax: Math.max(HEDGE_WASTE_RATIO_MAX * fileBytes, HEDGE_WASTE_SEGMENTS_MIN * segmentBytes),
    spentBytes: 0,
    reservedBytes: 0,
  };
}

export function affords(budget: WasteBudget, bytes: number): boolean {
  return budget.spentBytes + budget.reservedBytes + bytes <= budget.bytesMax;
}

/**
 * Two attempts now race for one segment. One of them wins, and the other can at worst come whole before its cancel is
 * heard; a body is never longer than the segment. So a segment's bytes set aside are enough whatever happens.
 */
export function beginDuel(budget: WasteBudget, first: Attempt, second: Attempt): void {
  const duel: Duel = { first, second, reservedBytes: first.fileBytes };
  budget.reservedBytes += duel.reservedBytes;
  first.duel = duel;
  second.duel = duel;
}

/**
 * The attempt ended without becoming the verified segment: it has lost its duel, if it was in one. Where the other was
 * called off already and this one failed all the same, what it leaves of the bytes set aside stays for the other, which
 * may still come whole.
 */
export function settleDuel(budget: WasteBudget, loser: Attempt): void {
  const duel = loser.duel;
  if (duel === undefined) return;
  const other = duel.first === loser ? duel.second : duel.first;
  const lostBytes = Math.min(loser.wireBytes, duel.reservedBytes);
  budget.spentBytes += lostBytes;
  loser.duel = undefined;
  if (other.phase === 'cancelling' && other.duel === duel) {
    budget.reservedBytes -= lostBytes;
    duel.reservedBytes -= lostBytes;
    return;
  }
  budget.reservedBytes -= duel.reservedBytes;
  if (other.duel === duel) other.duel = undefined;
}
