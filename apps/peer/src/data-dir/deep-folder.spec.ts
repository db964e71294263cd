import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDeepFolder } from './deep-folder.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'p2p-deep-folder-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('making a folder', () => {
  it('makes those above it, also when two do it at once, and is content with what is there', async () => {
    const deep = join(folder, 'a', 'b', 'c');
    await Promise.all([makeDeepFolder(deep), makeDeepFolder(join(folder, 'a', 'b', 'd'))]);
    await makeDeepFolder(deep);
    expect((await stat(deep)).isDirectory()).toBe(true);
  });

  it('below a file > fails', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(makeDeepFolder(join(folder, 'file'))).rejects.toThrow('EEXIST');
    await expect(makeDeepFolder(join(folder, 'file', 'below'))).rejects.toThrow(/EEXIST|ENOTDIR/);
  });

  it.runIf(process.platform === 'linux')('where there can be none > fails at once instead of trying for ever', async () => {
    await expect(makeDeepFolder('/proc/p2p/below')).rejects.toThrow('ENOENT');
  });
});
