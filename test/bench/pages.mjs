// The state of memory that a run finds: it decides more than any design.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const CHUNK = Buffer.alloc(1024 * 1024, 1);

/**
 * `warm`: what was written before is on the disk, sources stay in the page cache, and as much memory as the run will
 * fill was in use a moment ago. `cold`: nothing of any file is in memory.
 */
export function prepare(pages, { folder, bytes }) {
  execFileSync('sync');
  if (pages === 'cold') {
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    return;
  }
  const path = join(folder, 'warm');
  const descriptor = openSync(path, 'w');
  for (let at = 0; at < bytes; at += CHUNK.length) writeSync(descriptor, CHUNK, 0, Math.min(CHUNK.length, bytes - at));
  closeSync(descriptor);
  rmSync(path);
}
