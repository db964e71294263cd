import type { FileId } from '@p2p/protocol';
import type { Logger } from '@p2p/service';
import { ABANDONED_AGE_MS_MAX, ABANDONED_BYTES_MAX, ABANDONED_PARTS_MAX } from '../limits.js';
import type { JobStore } from './job-store.js';

/**
 * Removes parts of downloads that nobody goes on with: those over a week old, and the oldest of what is too many or too
 * large. The newest is kept whatever its size, because it is the one that is most likely wanted. Returns what went.
 */
export async function evictAbandoned(options: {
  readonly store: JobStore;
  readonly isActive: (id: FileId) => boolean;
  readonly nowMs: number;
  readonly logger: Logger;
}): Promise<FileId[]> {
  const parts = (await options.store.parts()).filter((part) => !options.isActive(part.id));
  parts.sort((a, b) => b.writtenAtMs - a.writtenAtMs);
  const evicted: FileId[] = [];
  let keptBytes = 0;
  for (const [rank, part] of parts.entries()) {
    const ageMs = options.nowMs - part.writtenAtMs;
    const reason =
      ageMs > ABANDONED_AGE_MS_MAX
        ? 'age'
        : rank >= ABANDONED_PARTS_MAX
          ? 'number'
          : rank > 0 && keptBytes + part.diskBytes > ABANDONED_BYTES_MAX
            ? 'size'
            : undefined;
    // Time has passed since the list was made.
    if (reason === undefined || options.isActive(part.id)) {
      keptBytes += part.diskBytes;
      continue;
    }
    options.logger.info('download.part_evicted', { file: part.id, reason, diskBytes: part.diskBytes, ageMs: Math.round(ageMs) });
    await options.store.discard(part.id);
    evicted.push(part.id);
  }
  return evicted;
}
