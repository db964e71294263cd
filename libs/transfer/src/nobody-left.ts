import { hasOrphans, usefulCount } from './availability.js';
import { FIND_INTERVAL_MS_MAX, FIND_INTERVAL_MS_MIN, SOURCES_WANTED_MIN } from './limits.js';
import type { SourceState } from './source-state.js';
import type { TransferState } from './state.js';

/** Says when nobody has the rest, asks for other holders, and gives up when none has appeared in time. */
export function watchHolders(state: TransferState, now: number): void {
  const isAlone = !isAnythingUnderWay(state) && !state.live.some((source) => canGive(state, source, now));
  if (isAlone) wait(state, now);
  else if (state.waitingSince !== undefined) {
    state.waitingSince = undefined;
    state.commands.push({ kind: 'resumed' });
  }
  if (!state.ended) findHolders(state, now);
}

/** Whether other holders are wanted: some segment has none that may be asked, or one death would stop the download. */
export function wantsHolders(state: TransferState, now: number): boolean {
  if (state.missing.count === 0) return false;
  if (hasOrphans(state)) return true;
  let usable = 0;
  for (const source of state.live) if (canGive(state, source, now)) usable++;
  return usable < SOURCES_WANTED_MIN;
}

function wait(state: TransferState, now: number): void {
  // Kept from an earlier wait unless a segment was verified since: a holder that comes and goes without giving anything restarts nothing.
  state.waitUntil ??= now + state.holderWaitMs;
  if (state.waitingSince === undefined) {
    state.waitingSince = now;
    state.findIntervalMs = FIND_INTERVAL_MS_MIN;
    state.commands.push({ kind: 'waiting', until: state.waitUntil });
  }
  if (now < state.waitUntil) return;
  state.ended = true;
  state.commands.push({ kind: 'fail', code: 'NO_HOLDERS' });
}

function findHolders(state: TransferState, now: number): void {
  if (now < state.nextFindAt || !wantsHolders(state, now)) return;
  state.commands.push({ kind: 'find_holders' });
  state.nextFindAt = now + state.findIntervalMs;
  state.findIntervalMs = Math.min(state.findIntervalMs * 2, FIND_INTERVAL_MS_MAX);
}

function canGive(state: TransferState, source: SourceState, now: number): boolean {
  if (source.phase !== 'live' || source.quarantined) return false;
  return !(source.refusing && source.pausedUntil > now) && usefulCount(state, source) > 0;
}

function isAnythingUnderWay(state: TransferState): boolean {
  for (const attempt of state.attempts.values()) if (attempt.phase !== 'cancelling') return true;
  return false;
}
