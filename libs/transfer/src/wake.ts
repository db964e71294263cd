import { usefulCount } from './availability.js';
import { HEARTBEAT_MS } from './limits.js';
import { wantsHolders } from './nobody-left.js';
import { silentAt } from './silent.js';
import { hedgeIsPossible } from './slow.js';
import type { TransferState } from './state.js';

/** When the scheduler must look again even if nothing happens, in ms of the event clock; undefined when it need not. */
export function wakeTime(state: TransferState, now: number): number | undefined {
  let wakeAt = Infinity;
  for (const source of state.live) {
    if (source.owed.length > 0) wakeAt = Math.min(wakeAt, now + HEARTBEAT_MS, source.phase === 'leaving' ? Infinity : silentAt(source));
    if (source.pausedUntil > now && usefulCount(state, source) > 0) wakeAt = Math.min(wakeAt, source.pausedUntil);
  }
  if (hedgeIsPossible(state, now)) wakeAt = Math.min(wakeAt, state.nextHedgeScanAt);
  if (wantsHolders(state, now)) wakeAt = Math.min(wakeAt, state.nextFindAt);
  if (state.waitingSince !== undefined && state.waitUntil !== undefined) wakeAt = Math.min(wakeAt, state.waitUntil);
  return wakeAt === Infinity ? undefined : Math.max(wakeAt, now + 1);
}
