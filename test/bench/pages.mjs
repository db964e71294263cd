// The state of memory that a run finds: it decides more than any design.
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const MIB = 1024 * 1024;
const CHUNK = Buffer.alloc(MIB, 1);
/** How far the freeing of warm memory runs ahead of its use: some milliseconds of the fastest disk cache there is. */
const AHEAD_BYTES = 64 * MIB;
const TICK_MS = 5;

/**
 * `warm`: what was written before is on the disk, sources stay in the page cache, and the memory that the run will fill
 * is in use until the run fills it: `release` begins to free it, in step with its use. Freed all at once, a virtual
 * machine gives it back to its host within a second, and then every page costs a fault that the host serves: 1 GiB took
 * 0.3 s to write at once, and 2 to 3.5 s a second later. `cold`: nothing of any file is in memory.
 *
 * `stop` ends it and frees the rest.
 */
export function prepare(pages, { folder, bytes }) {
  execFileSync('sync');
  if (pages === 'cold') {
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    return { release: () => undefined, stop: () => undefined };
  }
  const path = join(folder, 'warm');
  const descriptor = openSync(path, 'w');
  for (let at = 0; at < bytes; at += CHUNK.length) writeSync(descriptor, CHUNK, 0, Math.min(CHUNK.length, bytes - at));
  let timer;
  return {
    release() {
      const cachedBefore = cachedBytes();
      let left = bytes;
      const step = () => {
        const released = bytes - left;
        const used = cachedBytes() - cachedBefore + released;
        if (released >= used + AHEAD_BYTES) return;
        left = Math.max(0, left - AHEAD_BYTES);
        ftruncateSync(descriptor, left);
        if (left === 0) clearInterval(timer);
      };
      timer = setInterval(step, TICK_MS);
      step();
    },
    stop() {
      clearInterval(timer);
      closeSync(descriptor);
      rmSync(path);
    },
  };
}

function cachedBytes() {
  const match = /^Cached:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
  return match === null ? 0 : Number(match[1]) * 1024;
}
