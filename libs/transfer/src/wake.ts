import { usefulCount } from './availability.js';
import { HEARTBEAT_MS } from './limits.js';
import { wantsHolders } from './nobody-left.js';
import { silentAt } from './silent.js';
import { hedgeIsPossible } from './slow.js';
import type { TransferState } from './state.js';

/** When the scheduler must look again even if nothing happens, in ms of the event clock; undefined when it need not. */
export function wakeTime(state: TransferState, now: number): number | undefined {
  if (state.attempts.size === 0) state.nextBeatAt = Infinity;
  else if (state.nextBeatAt === Infinity || now >= state.nextBeatAt) state.nextBeatAt = nextBeat(state, now);
  let wakeAt = state.nextBeatAt;
  for (const source of state.live) {
    if (source.pausedUntil > now && usefulCount(state, source) > 0) wakeAt = Math.min(wakeAt, source.pausedUntil);
  }
  if (hedgeIsPossible(state, now)) wakeAt = Math.min(wakeAt, state.nextHedgeScanAt);
  if (wantsHolders(state, now)) wakeAt = Math.min(wakeAt, state.nextFindAt);
  if (state.waitingSince !== undefined && state.waitUntil !== undefined) wakeAt = Math.min(wakeAt, state.waitUntil);
  return wakeAt === Infinity ? undefined : Math.max(wakeAt, now + 1);
}

/**
 * Signs of life only put silence off, and whoever begins to owe has longer than a heartbeat, so this holds until then
 * without being worked out again for every segment.
 */
function nextBeat(state: TransferState, now: number): number {
  let beatAt = now + HEARTBEAT_MS;
  for (const source of state.live) {
    if (source.owed.length > 0 && source.phase !== 'leaving') beatAt = Math.min(beatAt, silentAt(source));
  }
  return Math.max(beatAt, now + 1);
}
