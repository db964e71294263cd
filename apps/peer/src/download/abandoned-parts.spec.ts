import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ABANDONED_AGE_MS_MAX, ABANDONED_PARTS_MAX } from '../limits.js';
import { evictAbandoned } from './abandoned-parts.js';
import { JobStore } from './job-store.js';
import { makeFolder, silentLogger } from './spec-helper.js';

const idOf = (index: number): string => index.toString(16).padStart(64, '0');

async function fill(folder: string, ageMs: (index: number) => number, count: number, nowMs: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const file = join(folder, `${idOf(index)}.part`);
    await writeFile(file, 'x');
    const at = (nowMs - ageMs(index)) / 1000;
    await utimes(file, at, at);
  }
}

describe('parts that nobody goes on with', () => {
  it('go when they are too old, and those that are active stay', async () => {
    await using folder = await makeFolder();
    const store = await JobStore.open(folder.path, silentLogger);
    const nowMs = Date.now();
    await fill(folder.path, (index) => (index === 0 ? 0 : ABANDONED_AGE_MS_MAX + 10_000), 3, nowMs);
    await writeFile(join(folder.path, 'something else'), '');
    const evicted = await evictAbandoned({ store, isActive: (id) => id === idOf(2), nowMs, logger: silentLogger });
    expect(evicted).toEqual([idOf(1)]);
    expect(await readdir(folder.path)).toEqual([`${idOf(0)}.part`, `${idOf(2)}.part`, 'something else']);
  });

  it('go when they are too many, the oldest first', async () => {
    await using folder = await makeFolder();
    const store = await JobStore.open(folder.path, silentLogger);
    const nowMs = Date.now();
    await fill(folder.path, (index) => index * 1000, ABANDONED_PARTS_MAX + 2, nowMs);
    const evicted = await evictAbandoned({ store, isActive: () => false, nowMs, logger: silentLogger });
    expect(evicted).toEqual([idOf(ABANDONED_PARTS_MAX), idOf(ABANDONED_PARTS_MAX + 1)]);
  });
});
