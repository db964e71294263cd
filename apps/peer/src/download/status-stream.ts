import { Observable } from 'rxjs';
import { STATUS_IDLE_INTERVAL_MS, STATUS_INTERVAL_MS } from '../limits.js';
import type { Clock } from './clock.js';
import type { DownloadEntry } from './download-entry.js';
import type { DownloadStatus } from './downloads.js';

/**
 * A download now and whenever it moves, at most ten times a second, until it has ended; its end is told at once. Without
 * news one status a second, so that times move on. `onWatchers` counts who watches.
 */
export function statusStream(entry: DownloadEntry, clock: Clock, onWatchers: (delta: 1 | -1) => void): Observable<DownloadStatus> {
  return new Observable((subscriber) => {
    onWatchers(1);
    let toldAt = Number.NEGATIVE_INFINITY;
    let told: DownloadStatus | undefined;
    let cancelNext: (() => void) | undefined;
    const tell = (status: DownloadStatus): void => {
      told = status;
      toldAt = clock.now();
      subscriber.next(status);
    };
    const look = (): void => {
      cancelNext = undefined;
      const status = entry.status();
      const isNews =
        told === undefined ||
        status.state !== told.state ||
        status.verifiedBytes !== told.verifiedBytes ||
        status.bytesPerSecond !== told.bytesPerSecond;
      if (entry.isEnded || isNews || clock.now() - toldAt >= STATUS_IDLE_INTERVAL_MS) tell(status);
      if (entry.isEnded) subscriber.complete();
      else cancelNext = clock.wait(STATUS_INTERVAL_MS, look);
    };
    const changes = entry.changed.subscribe(() => {
      if (!entry.isEnded) return;
      cancelNext?.();
      look();
    });
    look();
    return () => {
      onWatchers(-1);
      cancelNext?.();
      changes.unsubscribe();
    };
  });
}
