import type { DownloadStatus } from '../../control/api.js';
import { showCount, showSeconds } from './numbers.js';

/** Without a verified segment for this long, a download is said to stand still. */
const STALL_MS = 3_000;

const ENDED: ReadonlySet<DownloadStatus['state']> = new Set(['done', 'failed', 'cancelled']);

export function hasEnded(status: DownloadStatus): boolean {
  return ENDED.has(status.state);
}

/** Sources that serve, or could at once. */
export function liveSources(status: DownloadStatus): number {
  return status.report?.sources.filter((each) => each.state === 'active' || each.state === 'busy').length ?? 0;
}

/** Whether it should move and does not. `ageMs` is the time since the peer said so. */
export function isStalled(status: DownloadStatus, ageMs: number): boolean {
  return status.state === 'transferring' && status.sinceProgressMs !== undefined && status.sinceProgressMs + ageMs >= STALL_MS;
}

/** What a download is doing, in a few words. */
export function describeState(status: DownloadStatus, ageMs: number): string {
  switch (status.state) {
    case 'queued':
      return 'queued: other downloads go first';
    case 'preparing':
      return 'looking for holders';
    case 'verifying':
      return 'verifying what is here already';
    case 'transferring':
      return isStalled(status, ageMs)
        ? `no progress for ${showSeconds((status.sinceProgressMs ?? 0) + ageMs)}`
        : `from ${showCount(liveSources(status), 'source')}`;
    case 'waiting':
      return describeWait(status, ageMs);
    case 'finishing':
      return 'finishing';
    case 'done':
      return 'done';
    case 'failed':
      return `failed: ${status.failure?.code ?? 'INTERNAL'}`;
    case 'cancelled':
      return 'cancelled';
  }
}

function describeWait(status: DownloadStatus, ageMs: number): string {
  if (status.waitRemainingMs !== undefined) {
    return `waiting for a holder, gives up in ${showSeconds(status.waitRemainingMs - ageMs)}`;
  }
  if (status.sinceProgressMs === undefined) return 'waiting for a holder';
  return `waiting for a holder, no progress for ${showSeconds(status.sinceProgressMs + ageMs)}`;
}
