import { access, open, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Of, writeContent } from '../tools/content.ts';
import { finish, startDownloader, startHolders } from '../tools/fleet.ts';
import { Stage, type Peer } from '../tools/stage.ts';
import { list, listed, share, startGet, type CatalogueLine, type Status } from '../tools/transfer.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 8 * MIB;
/** 4 MB/s a holder. */
const DELAY_MS = 0.25;
const HOLDER_WAIT_MS = 1000;
/** A change is noticed when the file is read, by the watch of its folder, or by the patrol, which comes every two seconds. */
const NOTICED_MS = 10_000;
const name = 'file.bin';

/** What can become of a shared file. Each leaves something that is not what was shared. */
const CHANGES: readonly { readonly title: string; change(path: string): Promise<void> }[] = [
  { title: 'truncated', change: (path) => truncate(path, FILE_BYTES / 4) },
  { title: 'deleted', change: (path) => rm(path) },
  {
    title: 'replaced by another of the same size',
    change: async (path) => {
      await writeContent(`${path}.new`, { kind: 'random', bytes: FILE_BYTES, seed: 99 });
      await rename(`${path}.new`, path);
    },
  },
  {
    title: 'overwritten in place with its times put back',
    change: async (path) => {
      const { atime, mtime } = await stat(path);
      await using file = await open(path, 'r+');
      await file.write(Buffer.alloc(FILE_BYTES, 7), 0, FILE_BYTES, 0);
      await utimes(path, atime, mtime);
    },
  },
];

let stage: Stage;
let path: string;
let sha256: string;

beforeEach(async () => {
  stage = await Stage.open();
  path = await stage.path('shared', name);
  sha256 = await writeContent(path, { kind: 'random', bytes: FILE_BYTES, seed: 14 });
  await stage.startDiary();
});

afterEach(async () => {
  await stage.close();
});

const isQuarterThere = ({ verifiedBytes }: Status): boolean => verifiedBytes >= FILE_BYTES / 4;

async function idOf(peer: Peer): Promise<string> {
  const line = (await list(peer)).find((each) => each.name === name);
  if (line === undefined) throw new Error(`${name} is not listed`);
  return line.id;
}

/** What one holder has, as another peer sees it. */
async function heldBy(holder: Peer, peer: Peer): Promise<readonly CatalogueLine[]> {
  const { stdout } = await peer.cli(['list', '--json', '--peer', holder.id]);
  return (JSON.parse(stdout) as { readonly entries: readonly CatalogueLine[] }).entries;
}

async function withdrawn(holder: Peer, peer: Peer, id: string): Promise<void> {
  const deadline = performance.now() + NOTICED_MS;
  while ((await heldBy(holder, peer)).some((line) => line.id === id)) {
    if (performance.now() > deadline)
      throw new Error(`${holder.id} still lists ${id} after ${NOTICED_MS} ms: ${holder.process.describe()}`);
  }
}

describe.each(CHANGES)('a shared file that is $title during a download', ({ change }) => {
  it('by its only holder > is withdrawn, the download fails and keeps what it verified, and nothing wrong is delivered', async () => {
    const [holder] = await startHolders(stage, path, [{ id: 'holder', delayMs: DELAY_MS }]);
    const downloader = await startDownloader(stage, {
      id: 'downloader',
      name,
      holders: 1,
      env: { P2P_HOLDER_WAIT_MS: String(HOLDER_WAIT_MS) },
    });
    const id = await idOf(downloader);
    const get = startGet(downloader, { target: name });
    await get.status(isQuarterThere);
    await change(path);
    if (holder === undefined) throw new Error('there is no holder');
    await withdrawn(holder, downloader, id);
    const { code, stderr } = await get.command.result;
    const { failure } = JSON.parse(stderr) as { readonly failure: { readonly code: string } };
    expect([
      ['NO_HOLDERS', 13],
      ['FILE_CHANGED', 15],
    ]).toContainEqual([failure.code, code]);
    const last = get.statuses.at(-1);
    await expect(access(last?.output ?? '')).rejects.toThrow('ENOENT');
    expect(last?.verifiedBytes).toBeGreaterThanOrEqual(FILE_BYTES / 4);
    expect(last?.report?.rejected).toBe(0);
    // What was kept is worth something as soon as somebody has that content.
    const copy = await stage.path('copy', name);
    await writeContent(copy, { kind: 'random', bytes: FILE_BYTES, seed: 14 });
    await startHolders(stage, copy, [{ id: 'another' }]);
    await listed(downloader, (lines) => lines.some((line) => line.id === id && line.complete === 1));
    const fetched = await finish(startGet(downloader, { target: id }));
    expect(fetched.sha256).toBe(sha256);
    expect(fetched.status.report.resumedBytes).toBe(last?.verifiedBytes);
    expect(holder.process.exit).toBeUndefined();
  });

  it('by one of two holders > the other delivers the rest', async () => {
    const copy = await stage.path('copy', name);
    await writeContent(copy, { kind: 'random', bytes: FILE_BYTES, seed: 14 });
    const [changing] = await startHolders(stage, path, [{ id: 'changing', delayMs: DELAY_MS }]);
    await startHolders(stage, copy, [{ id: 'steady', delayMs: DELAY_MS }]);
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 2 });
    const id = await idOf(downloader);
    const get = startGet(downloader, { target: name });
    await get.status(isQuarterThere);
    await change(path);
    const fetched = await finish(get);
    expect(fetched.sha256).toBe(sha256);
    // It has left, it has not lied.
    expect(fetched.status.report.rejected).toBe(0);
    expect(fetched.status.report.sources.filter(({ state }) => state === 'quarantined')).toEqual([]);
    if (changing === undefined) throw new Error('there is no holder');
    await withdrawn(changing, downloader, id);
    await stage.stop();
  });
});

describe('files of P2P_SHARE_DIR', () => {
  it('are shared as they appear, shared anew under their new id when they change, and withdrawn when they go', async () => {
    const shareDir = join(path, '..');
    const holder = await stage.startPeer({ id: 'holder', shareDir });
    const [first] = await listed(holder, (lines) => lines.length === 1 && lines[0]?.complete === 1);
    expect(first).toMatchObject({ name, bytes: FILE_BYTES });
    const added = await stage.path('shared', 'deep', 'er', 'added.txt');
    await writeFile(added, 'appeared');
    const two = await listed(holder, (lines) => lines.length === 2);
    expect(two.map((line) => line.name).toSorted()).toEqual(['deep/er/added.txt', name]);
    await writeFile(path, 'changed');
    const changed = await listed(holder, (lines) => lines.some((line) => line.name === name && line.bytes === 7));
    expect(changed.filter((line) => line.id === first?.id)).toEqual([]);
    await rename(added, join(shareDir, 'moved.txt'));
    await listed(
      holder,
      (lines) =>
        lines
          .map((line) => line.name)
          .toSorted()
          .join() === `${name},moved.txt`,
    );
    await rm(join(shareDir, 'moved.txt'));
    await rm(path);
    await listed(holder, (lines) => lines.length === 0);
    await stage.stop();
  });

  it('that appear, change or go while the peer is away are known at its next start, and what is unchanged is not hashed again', async () => {
    const shareDir = join(path, '..');
    await writeFile(join(shareDir, 'going.txt'), 'going');
    await writeFile(join(shareDir, 'changing.txt'), 'before');
    const holder = await stage.startPeer({ id: 'holder', shareDir });
    const before = await listed(holder, (lines) => lines.length === 3);
    await holder.process.stop();
    await rm(join(shareDir, 'going.txt'));
    await writeFile(join(shareDir, 'changing.txt'), 'afterwards');
    await writeFile(join(shareDir, 'new.txt'), 'new');
    const again = await stage.startPeer({ id: 'holder', shareDir });
    const after = await listed(again, (lines) => lines.length === 3);
    const ids = (lines: readonly CatalogueLine[]): Record<string, string> => Object.fromEntries(lines.map((line) => [line.name, line.id]));
    expect(Object.keys(ids(after)).toSorted()).toEqual(['changing.txt', name, 'new.txt']);
    expect(ids(after)[name]).toBe(ids(before)[name]);
    expect(ids(after)['changing.txt']).not.toBe(ids(before)['changing.txt']);
    // Sharing it by hand says whether its hash was remembered.
    const shared = await again.cli(['share', '--json', '--progress', path]);
    expect(shared.stdout).toContain('"remembered":true');
  });
});

describe('a changed file that was shared by hand', () => {
  it('is delivered under its old id by nobody, and once shared again under its new one', async () => {
    const [holder] = await startHolders(stage, path, [{ id: 'holder' }]);
    if (holder === undefined) throw new Error('there is no holder');
    const id = await idOf(holder);
    const changed = await writeContent(path, { kind: 'text', bytes: MIB, seed: 3 });
    await withdrawn(holder, holder, id);
    await share(holder, path);
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 1 });
    const fetched = await finish(startGet(downloader, { target: name }));
    expect(fetched.sha256).toBe(changed);
    expect(await sha256Of(path)).toBe(changed);
    const { code, stderr } = await downloader.cli(['get', id]);
    expect(stderr).toMatch(/^NOT_FOUND: /);
    expect(code).toBe(5);
  });
});
