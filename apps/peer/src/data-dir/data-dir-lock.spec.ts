import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirLock } from './data-dir-lock.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'p2p-lock-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the lock of a data directory', () => {
  it('is one owner’s until it is released', () => {
    const lock = DataDirLock.take(folder);
    expect(() => DataDirLock.take(folder)).toThrow(expect.objectContaining({ code: 'DATA_DIR_IN_USE' }));
    lock.release();
    lock.release();
    DataDirLock.take(folder).release();
  });

  it('where there is no directory > ACCESS_DENIED that names it', () => {
    const nowhere = join(folder, 'nowhere');
    expect(() => DataDirLock.take(nowhere)).toThrow(
      expect.objectContaining({ code: 'ACCESS_DENIED', message: expect.stringContaining(nowhere) as string }),
    );
  });

  it('on a file that is no database > DISK_FAILED that names the directory', async () => {
    await writeFile(join(folder, 'peer.lock.db'), 'no database'.repeat(1000));
    expect(() => DataDirLock.take(folder)).toThrow(
      expect.objectContaining({ code: 'DISK_FAILED', message: expect.stringContaining(folder) as string }),
    );
  });
});
