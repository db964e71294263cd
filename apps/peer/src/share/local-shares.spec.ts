import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import { join } from 'node:path';
import { blake3 } from '@napi-rs/blake-hash';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ShareProgress } from './shares.js';
import { contentOf, SharePlace } from './spec-helper.js';

let place: SharePlace;

beforeEach(async () => {
  place = await SharePlace.make();
});

afterEach(async () => {
  await place.remove();
});

function remembered(events: readonly ShareProgress[]): readonly boolean[] {
  return events.flatMap((event) => (event.kind === 'shared' ? [event.remembered] : []));
}

describe('sharing a folder', () => {
  it('its files are named by their path from it, hidden ones left out, and each reads back as it is', async () => {
    await place.startWhole();
    const large = randomBytes(3 * 1024 * 1024 + 17);
    await place.write('a.jpg', 'alpha');
    await place.write('x/b ü 漢字 🎈.jpg', large);
    await place.write('empty', '');
    await place.write('.hidden', 'no');
    await place.write('.git/config', 'no');
    const events = await place.share(place.folder);
    expect(events.at(-1)).toEqual({ kind: 'done', shared: 3, failed: 0 });
    expect(events[0]).toEqual({ kind: 'found', files: 3, bytes: 5 + large.length });
    expect(place.names()).toEqual(['a.jpg', 'empty', 'x/b ü 漢字 🎈.jpg']);
    expect((await contentOf(place.holdingNamed('x/b ü 漢字 🎈.jpg'))).equals(large)).toBe(true);
    const empty = place.holdingNamed('empty');
    expect(empty.manifest.segmentCount).toBe(0);
    expect(empty.verified.isFull).toBe(true);
    for (const holding of place.holdings.list()) expect(blake3(holding.manifest.bytes).toString('hex')).toBe(holding.file);
  });

  it('a name stands before the names of its files', async () => {
    await place.startWhole();
    await place.write('x/a', '1');
    await place.share(place.folder, 'holiday/2026');
    expect(place.names()).toEqual(['holiday/2026/x/a']);
  });

  it('a name that cannot be shared is told of and the others go on', async () => {
    await place.startWhole();
    await place.write('good', '1');
    await fs.writeFile(Buffer.concat([Buffer.from(`${place.folder}/bad`), Buffer.from([0xff, 0xfe])]), '2');
    await place.write('two\nlines', '3');
    const events = await place.share(place.folder);
    expect(events.filter((event) => event.kind === 'failed').map((event) => event.code)).toEqual(['BAD_NAME', 'BAD_NAME']);
    expect(events.at(-1)).toEqual({ kind: 'done', shared: 1, failed: 2 });
    expect(place.names()).toEqual(['good']);
  });

  it('links are followed and one that leads back up ends nowhere', async () => {
    await place.startWhole();
    await place.write('real/a', '1');
    await fs.symlink('real', join(place.folder, 'linked'));
    await fs.symlink('..', join(place.folder, 'real/up'));
    await fs.symlink('real/a', join(place.folder, 'file'));
    await fs.symlink('nowhere', join(place.folder, 'broken'));
    const events = await place.share(place.folder);
    expect(place.names()).toEqual(['file', 'linked/a', 'real/a']);
    expect(place.holdings.list()).toHaveLength(1);
    expect(events.at(-1)).toEqual({ kind: 'done', shared: 3, failed: 1 });
  });

  it("this peer's own data is not shared, its finished downloads are", async () => {
    await place.startWhole();
    await fs.writeFile(join(place.root, 'data/control.token'), 'secret');
    await fs.mkdir(join(place.root, 'data/downloads/.partial'), { recursive: true });
    await fs.writeFile(join(place.root, 'data/downloads/done'), 'done');
    await fs.writeFile(join(place.root, 'data/downloads/.partial/part'), 'part');
    await fs.symlink('../data/control.token', join(place.folder, 'innocent'));
    for (const path of ['data', 'data/control.token', 'data/downloads/.partial/part', 'photos/innocent']) {
      await expect(place.share(join(place.root, path))).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    }
    expect((await place.share(place.folder)).at(-1)).toEqual({ kind: 'done', shared: 0, failed: 1 });
    await place.share(join(place.root, 'data/downloads'));
    expect(place.names()).toEqual(['done']);
  });

  it('more files than can be open at once read back as they are', async () => {
    await place.startWhole({ openFilesMax: 4 });
    for (let index = 0; index < 40; index++) await place.write(`f${index}`, `content ${index}`);
    await place.share(place.folder);
    const contents = await Promise.all(
      place.holdings.list().map(async (holding) => `${holding.names[0]}: ${(await contentOf(holding)).toString()}`),
    );
    expect(contents.sort()).toEqual(Array.from({ length: 40 }, (_, index) => `f${index}: content ${index}`).sort());
    const open = (
      await Promise.all((await fs.readdir('/proc/self/fd')).map((fd) => fs.readlink(`/proc/self/fd/${fd}`).catch(() => '')))
    ).filter((path) => path.startsWith(place.folder));
    expect(open.length).toBeLessThanOrEqual(4);
  });
});

describe('a path that cannot be shared', () => {
  it.each([
    ['that is not there', 'nowhere', undefined, 'NOT_FOUND'],
    ['with a name that is not allowed', 'file', '../up', 'BAD_NAME'],
  ])('%s is refused', async (_title, path, name, code) => {
    await place.startWhole();
    await place.write('file', '1');
    await expect(place.share(join(place.folder, path), name)).rejects.toMatchObject({ code });
    expect(place.shares.list()).toEqual([]);
  });

  it('that is relative is refused', async () => {
    await place.startWhole();
    await expect(place.share('file')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });
});

describe('one content under two names', () => {
  it('is one holding, and loses one name at a time', async () => {
    await place.startWhole();
    const one = await place.write('one', 'same');
    const two = await place.write('two', 'same');
    await place.share(one);
    await place.share(two);
    expect(place.holdings.list()).toHaveLength(1);
    expect([...place.holdingNamed('one').names].sort()).toEqual(['one', 'two']);
    expect(await place.shares.unshare('one')).toMatchObject([{ name: 'one', path: one }]);
    expect(place.holdingNamed('two').names).toEqual(['two']);
    expect((await contentOf(place.holdingNamed('two'))).toString()).toBe('same');
    const removal = place.removal();
    await place.shares.unshare('two');
    expect((await removal).reason).toBe('withdrawn');
    expect(place.holdings.list()).toEqual([]);
  });

  it('is read from the other copy when one is removed from disk', async () => {
    await place.startWhole({ patrolIntervalMs: 3_600_000 });
    const one = await place.write('one', 'same');
    await place.share(one);
    await place.share(await place.write('two', 'same'));
    const holding = place.holdingNamed('one');
    await fs.unlink(one);
    expect((await contentOf(holding)).toString()).toBe('same');
    expect(place.holdingNamed('two').names).toEqual(['two']);
  });
});

it('two contents under one name are both shared, and neither is unshared by that name', async () => {
  await place.startWhole();
  await place.share(await place.write('a', 'one'), 'name');
  await place.share(await place.write('b', 'two'), 'name');
  expect(place.holdings.list()).toHaveLength(2);
  await expect(place.shares.unshare('name')).rejects.toMatchObject({ code: 'AMBIGUOUS_NAME' });
  const [first] = place.shares.list();
  expect(await place.shares.unshare(first?.id ?? '')).toEqual([first]);
  await expect(place.shares.unshare('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

describe('a shared file that changes', () => {
  it('is never read as something else: the reader is told, it is withdrawn, and shared as what it is now', async () => {
    await place.startWhole({ patrolIntervalMs: 3_600_000 });
    const path = await place.write('file', 'before');
    await place.share(path);
    const holding = place.holdingNamed('file');
    expect((await contentOf(holding)).toString()).toBe('before');
    const removal = place.removal();
    const appearance = place.appearance('file');
    await fs.writeFile(path, 'afterw');
    await expect(holding.read(0, Buffer.alloc(65536))).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    expect(await removal).toEqual({ file: holding.file, reason: 'changed' });
    expect((await contentOf(await appearance)).toString()).toBe('afterw');
  });

  it.each([
    ['renamed over', async (path: string) => (await fs.writeFile(`${path}.new`, 'afterw'), fs.rename(`${path}.new`, path))],
    ['cut short', async (path: string) => fs.truncate(path, 3)],
    ['removed', async (path: string) => fs.unlink(path)],
    [
      'written with its times set back',
      async (path: string) => {
        const { atime, mtime } = await fs.stat(path);
        await fs.writeFile(path, 'afterw');
        await fs.utimes(path, atime, mtime);
      },
    ],
  ])('%s while it is open fails with FILE_CHANGED', async (_title, change) => {
    await place.startWhole({ patrolIntervalMs: 3_600_000 });
    const path = await place.write('file', 'before');
    await place.share(path);
    const holding = place.holdingNamed('file');
    await holding.read(0, Buffer.alloc(65536));
    await change(path);
    await expect(holding.read(0, Buffer.alloc(65536))).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    expect(place.holdings.get(holding.file)).toBeUndefined();
  });

  it('is noticed though nobody reads it', async () => {
    await place.startWhole();
    const path = await place.write('file', 'before');
    await place.share(path);
    const removal = place.removal();
    await fs.unlink(path);
    expect((await removal).reason).toBe('changed');
    const appearance = place.appearance('file');
    await fs.writeFile(path, 'back again');
    expect((await contentOf(await appearance)).toString()).toBe('back again');
  });
});

describe('after a restart', () => {
  it('what was shared is shared again, and what did not change is not hashed again', async () => {
    await place.startWhole();
    await place.write('kept', randomBytes(200_000));
    await place.write('changed', 'before');
    const single = join(place.root, 'single');
    await fs.writeFile(single, 'single');
    await place.share(place.folder);
    await place.share(single, 'by-itself');
    await place.stop();
    await place.write('changed', 'after');
    await place.write('new', 'new');
    const shares = await place.startWhole();
    expect(place.names()).toEqual(['by-itself', 'changed', 'kept', 'new']);
    expect((await contentOf(place.holdingNamed('changed'))).toString()).toBe('after');
    await shares.unshare(place.folder);
    expect(place.names()).toEqual(['by-itself']);
    expect(remembered(await place.share(place.folder))).toEqual([true, true, true]);
  });

  it('nothing is hashed when nothing changed: no hashing thread is started', async () => {
    await place.startWhole();
    await place.write('a', 'one');
    await place.write('b', 'two');
    expect(remembered(await place.share(place.folder))).toEqual([false, false]);
    expect(place.hasher.isRunning).toBe(true);
    await place.stop();
    await place.startWhole();
    expect(place.names()).toEqual(['a', 'b']);
    expect(place.hasher.isRunning).toBe(false);
  });

  it('a remembered manifest that is damaged is not believed', async () => {
    await place.startWhole();
    await place.write('a', 'one');
    await place.share(place.folder);
    await place.stop();
    const manifests = join(place.root, 'data/shares/manifests');
    for (const name of await fs.readdir(manifests)) {
      const bytes = await fs.readFile(join(manifests, name));
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      await fs.writeFile(join(manifests, name), bytes);
    }
    await place.startWhole();
    expect(place.hasher.isRunning).toBe(true);
    expect((await contentOf(place.holdingNamed('a'))).toString()).toBe('one');
  });

  it('an index that is damaged is set aside and the peer starts', async () => {
    await place.startWhole();
    await place.share(await place.write('a', 'one'));
    await place.stop();
    await fs.writeFile(join(place.root, 'data/shares/index.json'), '{"version":1,"roots":[{]}');
    await place.startWhole();
    expect(place.names()).toEqual([]);
    expect(await fs.readdir(join(place.root, 'data/shares'))).toContain('index.json.unreadable');
  });

  it('what was unshared in a folder stays so', async () => {
    await place.startWhole();
    await place.write('a', 'one');
    await place.write('b', 'two');
    await place.share(place.folder);
    await place.shares.unshare('a');
    await place.stop();
    await place.startWhole();
    expect(place.names()).toEqual(['b']);
  });

  it('more manifests than are to be remembered push the oldest out', async () => {
    await place.startWhole({ manifestsMax: 2 });
    for (const name of ['a', 'b', 'c']) await place.share(await place.write(name, name));
    expect(await fs.readdir(join(place.root, 'data/shares/manifests'))).toHaveLength(2);
  });
});

describe('a finished download', () => {
  async function download(): Promise<{ id: string; name: string; path: string; manifestBytes: Uint8Array }> {
    await place.startWhole();
    const path = await place.write('movie', randomBytes(100_000));
    await place.share(path);
    const { file, manifest } = place.holdingNamed('movie');
    await place.shares.unshare('movie');
    return { id: file, name: 'films/movie', path, manifestBytes: manifest.bytes };
  }

  it('is shared without being hashed, also after a restart', async () => {
    const finished = await download();
    await place.shares.adopt(finished);
    expect(place.shares.list()).toMatchObject([{ name: 'films/movie', origin: 'download', id: finished.id }]);
    await place.stop();
    await place.startWhole();
    expect(place.names()).toEqual(['films/movie']);
    expect(place.hasher.isRunning).toBe(false);
  });

  it('that was edited is withdrawn and forgotten', async () => {
    const finished = await download();
    await place.shares.adopt(finished);
    const removal = place.removal();
    await fs.appendFile(finished.path, 'edited');
    expect((await removal).reason).toBe('changed');
    await place.shares.whenIdle();
    expect(place.names()).toEqual([]);
    await place.stop();
    await place.startWhole();
    expect(place.names()).toEqual([]);
  });

  it('with another manifest than its id says is refused', async () => {
    const finished = await download();
    await expect(place.shares.adopt({ ...finished, id: 'f'.repeat(64) })).rejects.toMatchObject({ code: 'CORRUPT' });
  });
});

describe('the share directory', () => {
  it('is shared at start, and files that appear, change or go are shared, shared anew and withdrawn', async () => {
    await place.write('old', 'old');
    await place.startWhole({ shareDir: place.folder, patrolIntervalMs: 3_600_000 });
    expect(place.shares.list()).toMatchObject([{ name: 'old', origin: 'folder' }]);
    const appeared = place.appearance('deep/new');
    await place.write('deep/new', 'new');
    expect((await contentOf(await appeared)).toString()).toBe('new');
    const changed = place.appearance('old');
    await place.write('old', 'changed');
    expect((await contentOf(await changed)).toString()).toBe('changed');
    const removal = place.removal();
    await fs.unlink(join(place.folder, 'deep/new'));
    await removal;
    expect(place.names()).toEqual(['old']);
  });

  it('laid out as a mounted ConfigMap is shared once a file, and follows its new version', async () => {
    await fs.mkdir(join(place.folder, '..v1'));
    await fs.writeFile(join(place.folder, '..v1/config'), 'one');
    await fs.symlink('..v1', join(place.folder, '..data'));
    await fs.symlink('..data/config', join(place.folder, 'config'));
    await place.startWhole({ shareDir: place.folder });
    expect(place.names()).toEqual(['config']);
    expect((await contentOf(place.holdingNamed('config'))).toString()).toBe('one');
    const appeared = place.appearance('config');
    await fs.mkdir(join(place.folder, '..v2'));
    await fs.writeFile(join(place.folder, '..v2/config'), 'two');
    await fs.symlink('..v2', join(place.folder, '..data_tmp'));
    await fs.rename(join(place.folder, '..data_tmp'), join(place.folder, '..data'));
    await fs.rm(join(place.folder, '..v1'), { recursive: true });
    expect((await contentOf(await appeared)).toString()).toBe('two');
    expect(place.names()).toEqual(['config']);
  });

  it('that is not there yet is shared when it appears', async () => {
    const late = join(place.root, 'late');
    await place.startWhole({ shareDir: late });
    const appeared = place.appearance('sub/file');
    await fs.mkdir(join(late, 'sub'), { recursive: true });
    await fs.writeFile(join(late, 'sub/file'), 'late');
    expect((await contentOf(await appeared)).toString()).toBe('late');
  });

  it('another one than before takes its place', async () => {
    await place.write('a', 'one');
    await place.startWhole({ shareDir: place.folder });
    await place.stop();
    await place.startWhole({ shareDir: join(place.root, 'elsewhere') });
    expect(place.names()).toEqual([]);
  });
});

it('sharing a folder that is stopped in the middle of a large file takes back what it had shared', async () => {
  await place.startWhole();
  await place.write('small', 'small');
  // Without content on disk: 64 GiB of zeros take the hash a while.
  await fs.truncate(await place.write('large', ''), 64 * 1024 ** 3);
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    for await (const event of place.shares.share(place.folder, { signal: stopping.signal })) if (event.kind === 'hashing') stopping.abort();
  };
  await expect(run()).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(place.names()).toEqual([]);
  expect(place.holdings.list()).toEqual([]);
});

it('a segment that is disputed and does not match is withdrawn, and the file is hashed again though it looks unchanged', async () => {
  await place.startWhole({ patrolIntervalMs: 3_600_000 });
  await place.share(await place.write('file', 'content'));
  const { file } = place.holdingNamed('file');
  const appearance = place.appearance('file');
  place.holdings.remove(file, 'changed');
  expect((await appearance).file).toBe(file);
});

it('two calls that share at once both end', async () => {
  await place.startWhole();
  await place.write('x/a', 'one');
  await place.write('y/b', 'two');
  const [left, right] = await Promise.all([place.share(join(place.folder, 'x')), place.share(join(place.folder, 'y'))]);
  expect([left.at(-1), right.at(-1)]).toEqual([
    { kind: 'done', shared: 1, failed: 0 },
    { kind: 'done', shared: 1, failed: 0 },
  ]);
});
