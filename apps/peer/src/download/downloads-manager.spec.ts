import { access, mkdir, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Bitmap, Failure } from '@p2p/protocol';
import { describe, expect, it } from 'vitest';
import { MemoryNetwork } from '../../../../test/simulation/network/memory-network.js';
import { MemoryHoldings } from '../holdings/memory-holdings.js';
import { systemClock } from './clock.js';
import type { DownloadsManagerOptions } from './downloads-manager.js';
import { contentOf, DownloadStage, makeFolder } from './spec-helper.js';

const KIB = 1024;
const openStage = (options?: Partial<DownloadsManagerOptions>) =>
  DownloadStage.open({ network: new MemoryNetwork(systemClock), holdings: new MemoryHoldings() }, options);
const SLOW = { rateBytesPerSecond: 2_000_000 };

describe('a download', () => {
  for (const fileBytes of [0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 9_000_000]) {
    it(`of ${fileBytes} bytes from three holders is byte for byte the file, shared, and leaves nothing behind`, async () => {
      await using stage = await openStage();
      const content = contentOf(fileBytes);
      for (const peer of ['a', 'b', 'c']) stage.holder(peer, content, { name: 'folder/file.bin' });
      await stage.manager.start('folder/file.bin', {});
      const status = await stage.ended(content);
      expect(status).toMatchObject({ state: 'done', verifiedBytes: fileBytes, output: stage.pathOf('folder/file.bin') });
      expect((await readFile(status.output)).equals(content.bytes)).toBe(true);
      expect(stage.shares.shares).toMatchObject([{ id: content.file, path: status.output }]);
      expect(await readdir(join(stage.folder, 'downloads', '.partial'))).toEqual([]);
      expect(stage.arena.freeBytes).toBe(stage.arena.bytes);
    });
  }

  it('accounts for what each source gave', async () => {
    await using stage = await openStage();
    const content = contentOf(9_000_000);
    stage.holder('a', content, { knobs: SLOW });
    stage.holder('b', content, { knobs: SLOW });
    await stage.manager.start('file', {});
    const { report, transferMs, totalMs } = await stage.ended(content);
    const sources = report?.sources ?? [];
    expect(sources.map((source) => source.source).sort()).toEqual(['a', 'b']);
    expect(sources.reduce((sum, source) => sum + source.segments, 0)).toBe(content.segmentCount);
    expect(sources.every((source) => source.segments > 0)).toBe(true);
    expect(transferMs).toBeGreaterThan(0);
    expect(totalMs).toBeGreaterThanOrEqual(transferMs);
  });

  it('is told of at most ten times a second, and its end at once', async () => {
    await using stage = await openStage();
    const content = contentOf(2_000_000);
    stage.holder('a', content, { knobs: SLOW });
    await stage.manager.start('file', {});
    const told: number[] = [];
    await new Promise<void>((resolve) => {
      stage.manager.watch(content.file).subscribe({ next: () => told.push(performance.now()), complete: resolve });
    });
    expect(told.length).toBeLessThanOrEqual(((told.at(-1) ?? 0) - (told[0] ?? 0)) / 99 + 2);
  });

  it('is itself a partial holder while it is under way', async () => {
    await using stage = await openStage();
    const content = contentOf(4_000_000);
    stage.holder('a', content, { knobs: SLOW });
    const changes: string[] = [];
    stage.holdings.changes.subscribe((change) => changes.push(change.kind));
    await stage.manager.start('file', {});
    await stage.until(content, (status) => status.verifiedBytes > 500_000);
    const holding = stage.holdings.get(content.file);
    const index = Array.from({ length: content.segmentCount }, (_, at) => at).find((at) => holding?.verified.has(at) === true) ?? -1;
    const target = new Uint8Array(64 * KIB);
    expect(await holding?.read(index, target)).toBe(64 * KIB);
    expect(Buffer.from(target).equals(content.segment(index))).toBe(true);
    const missing = Array.from({ length: content.segmentCount }, (_, at) => at).find((at) => holding?.verified.has(at) === false) ?? -1;
    await expect(holding?.read(missing, target)).rejects.toMatchObject({ code: 'NOT_HELD' });
    await stage.ended(content);
    expect(changes[0]).toBe('added');
    expect(changes).toContain('gained');
    // The fake that adopts the file adds no holding, so the part is not offered any more.
    expect(changes.at(-1)).toBe('removed');
  });

  it('is done although the finished file cannot be shared', async () => {
    await using stage = await openStage();
    const content = contentOf(100_000);
    stage.shares.refuses = true;
    stage.holder('a', content);
    await stage.manager.start('file', {});
    expect(await stage.ended(content)).toMatchObject({ state: 'done' });
  });
});

describe('a source that is lost', () => {
  it('by its death: the others finish what it owed', async () => {
    await using stage = await openStage();
    const content = contentOf(6_000_000);
    const victim = stage.holder('a', content, { knobs: SLOW });
    stage.holder('b', content, { knobs: SLOW });
    await stage.manager.start('file', {});
    const before = await stage.until(
      content,
      ({ report }) => report?.sources.some((source) => source.source === 'a' && source.inFlight > 0 && source.segments > 2) === true,
    );
    expect(before.state).toBe('transferring');
    victim.kill();
    const { state, report, output } = await stage.ended(content);
    expect(state).toBe('done');
    expect(report?.redistributed.source_left).toBeGreaterThan(0);
    expect((await readFile(output)).equals(content.bytes)).toBe(true);
  });

  it('by falling silent: the others finish, and it is connected anew when it wakes', async () => {
    await using stage = await openStage();
    const content = contentOf(8_000_000);
    const victim = stage.holder('a', content, { knobs: SLOW });
    stage.holder('b', content, { knobs: SLOW });
    await stage.manager.start('file', {});
    await stage.until(content, ({ report }) => report?.sources.some((source) => source.source === 'a' && source.inFlight > 0) === true);
    victim.silence();
    const { state, report } = await stage.ended(content);
    expect(state).toBe('done');
    expect((report?.redistributed.source_silent ?? 0) + (report?.redistributed.source_slow ?? 0) + (report?.hedged ?? 0)).toBeGreaterThan(
      0,
    );
  });

  it('for a lie: it is quarantined, and what it lied about comes from another', async () => {
    await using stage = await openStage();
    const content = contentOf(3_000_000);
    stage.holder('liar', content, { knobs: { lie: 'wrong_bytes' } });
    stage.holder('honest', content, { knobs: SLOW });
    await stage.manager.start('file', {});
    const { state, report, output } = await stage.ended(content);
    expect(state).toBe('done');
    expect(report?.rejected).toBeGreaterThan(0);
    expect(report?.sources.find((source) => source.source === 'liar')).toMatchObject({ state: 'quarantined', segments: 0 });
    expect((await readFile(output)).equals(content.bytes)).toBe(true);
  });

  it('for an answer of the wrong shape: it is quarantined too', async () => {
    await using stage = await openStage();
    const content = contentOf(3_000_000);
    stage.holder('liar', content, { knobs: { lie: 'wrong_length' } });
    stage.holder('honest', content, { knobs: SLOW });
    await stage.manager.start('file', {});
    const { state, report } = await stage.ended(content);
    expect(state).toBe('done');
    expect(report?.sources.find((source) => source.source === 'liar')?.state).toBe('quarantined');
  });

  it('though the diary says that it left: a connection that still delivers goes on', async () => {
    await using stage = await openStage();
    const content = contentOf(3_000_000);
    const holder = stage.holder('a', content, { knobs: SLOW });
    await stage.manager.start('file', {});
    await stage.until(content, (status) => status.verifiedBytes > 0);
    stage.directory.depart(content.file, holder);
    const { state, report } = await stage.ended(content);
    expect(state).toBe('done');
    expect(report?.redistributed.source_left).toBe(0);
  });
});

describe('without any holder', () => {
  it('a download waits, goes on with the next life of the holder, and keeps what it had', async () => {
    await using stage = await openStage();
    const content = contentOf(4_000_000);
    const first = stage.holder('a', content, { knobs: SLOW });
    await stage.manager.start('file', {});
    await stage.until(content, (status) => status.verifiedBytes > 500_000);
    first.kill();
    const waiting = await stage.when(content, 'waiting');
    const second = stage.network.addHolder('a', undefined, { ...first.address, incarnation: 2 });
    second.share(content, 'complete');
    stage.directory.upsert(content.file, second);
    const { state, output, report } = await stage.ended(content);
    expect(state).toBe('done');
    expect(report?.wireBytes).toBeLessThan(content.bytes.length + 1_500_000);
    expect(waiting.verifiedBytes).toBeGreaterThan(0);
    expect((await readFile(output)).equals(content.bytes)).toBe(true);
  });

  it('a download fails with NO_HOLDERS in the end, and the next attempt goes on from there', async () => {
    await using stage = await openStage({ holderWaitMs: 0 });
    const content = contentOf(4_000_000);
    const first = stage.holder('a', content, { knobs: SLOW });
    await stage.manager.start('file', {});
    await stage.until(content, (status) => status.verifiedBytes > 1_000_000);
    first.kill();
    const failed = await stage.ended(content);
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'NO_HOLDERS' } });
    stage.holder('b', content);
    await stage.manager.start('file', {});
    const { state, report, output } = await stage.ended(content);
    expect(state).toBe('done');
    expect(report?.resumedBytes).toBe(failed.verifiedBytes);
    expect((await readFile(output)).equals(content.bytes)).toBe(true);
  });

  it('not even for the manifest, it fails with NO_HOLDERS', async () => {
    await using stage = await openStage({ holderWaitMs: 0 });
    const content = contentOf(100_000);
    stage.directory.offer('file', content);
    await stage.manager.start('file', {});
    expect(await stage.ended(content)).toMatchObject({ state: 'failed', failure: { code: 'NO_HOLDERS' } });
  });
});

describe('a peer that starts again', () => {
  it('takes up its downloads by itself, without the diary, and verifies what is on disk before it trusts it', async () => {
    await using stage = await openStage();
    const content = contentOf(6_000_000);
    const holder = stage.holder('a', content, { knobs: SLOW });
    await stage.manager.start('file', {});
    await stage.until(content, (status) => status.verifiedBytes > 2_000_000);
    await stage.stop();
    expect(stage.holdings.get(content.file)).toBeUndefined();
    // One of the segments that the map claims is not what was written.
    const map = await readFile(stage.partPath(content, 'map'));
    const part = await readFile(stage.partPath(content, 'part'));
    const damaged = map.indexOf(1);
    part.writeUInt8(part.readUInt8(damaged * 64 * KIB) ^ 0xff, damaged * 64 * KIB);
    await writeFile(stage.partPath(content, 'part'), part);
    const claimed = map.filter((mark) => mark === 1).length;
    holder.knobs.rateBytesPerSecond = Infinity;
    stage.directory.isConnected = false;
    await stage.start();
    const { state, report, output } = await stage.ended(content);
    expect(state).toBe('done');
    expect(report?.segmentsResumed).toBe(claimed - 1);
    expect((await readFile(output)).equals(content.bytes)).toBe(true);
  });

  it('sets a job file aside that it cannot read, and goes on', async () => {
    await using stage = await openStage();
    const content = contentOf(100_000);
    await writeFile(stage.partPath(content, 'job'), '{"version":1,');
    await stage.stop();
    await stage.start();
    expect(stage.manager.list()).toEqual([]);
    expect(await readdir(join(stage.folder, 'downloads', '.partial'))).toEqual([`${content.file}.job.corrupt`]);
  });

  it('shows what was cancelled before, and does not take it up', async () => {
    await using stage = await openStage();
    const content = contentOf(4_000_000);
    stage.holder('a', content, { knobs: SLOW });
    await stage.manager.start('file', {});
    await stage.until(content, (status) => status.verifiedBytes > 500_000);
    const cancelled = await stage.manager.cancel('file', { discard: false });
    expect(cancelled).toMatchObject({ state: 'cancelled', failure: { code: 'CANCELLED' } });
    await stage.stop();
    await stage.start();
    expect(stage.manager.list()).toMatchObject([{ id: content.file, state: 'cancelled' }]);
    expect(stage.manager.list()[0]?.verifiedBytes).toBeGreaterThan(0);
    await stage.manager.cancel(content.file, { discard: true });
    expect(stage.manager.list()).toEqual([]);
    expect(await readdir(join(stage.folder, 'downloads', '.partial'))).toEqual([]);
  });
});

describe('starting a download', () => {
  it('of content that is under way attaches to it; elsewhere it cannot go', async () => {
    await using stage = await openStage();
    const content = contentOf(2_000_000);
    stage.holder('a', content, { knobs: SLOW });
    const [one, two] = await Promise.all([stage.manager.start('file', {}), stage.manager.start(content.file, {})]);
    expect(one.id).toBe(two.id);
    expect(stage.manager.list()).toHaveLength(1);
    await expect(stage.manager.start('file', { output: join(stage.folder, 'elsewhere') })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    stage.directory.isConnected = false;
    expect((await stage.manager.start('file', {})).id).toBe(content.file);
    await stage.manager.cancel('file', { discard: true });
  });

  it('of a name nobody shares, of two contents under one name, and without the diary says so', async () => {
    await using stage = await openStage();
    const [one, two] = [contentOf(1000, 1), contentOf(2000, 2)];
    await expect(stage.manager.start('file', {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
    stage.holder('a', one);
    stage.holder('b', two);
    const failure = await stage.manager.start('file', {}).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'AMBIGUOUS_NAME' });
    expect(String(failure)).toContain(one.file);
    expect(String(failure)).toContain(two.file);
    await stage.manager.start(two.file, {});
    expect(await stage.ended(two)).toMatchObject({ state: 'done' });
    stage.directory.isConnected = false;
    await expect(stage.manager.start('other', {})).rejects.toMatchObject({ code: 'DIARY_UNREACHABLE' });
    await expect(stage.manager.start('../file', {})).rejects.toMatchObject({ code: 'BAD_NAME' });
  });

  it('beyond the places there are queues it, first come first served', async () => {
    await using stage = await openStage({ downloadsMax: 1 });
    const [one, two] = [contentOf(1_000_000, 1), contentOf(1_000_000, 2)];
    stage.holder('a', one, { name: 'one', knobs: SLOW });
    stage.holder('b', two, { name: 'two', knobs: SLOW });
    await stage.manager.start('one', {});
    expect(await stage.manager.start('two', {})).toMatchObject({ state: 'queued' });
    expect(stage.manager.snapshot()).toMatchObject({ active: 1, queued: 1 });
    expect(await stage.ended(one)).toMatchObject({ state: 'done' });
    expect(await stage.ended(two)).toMatchObject({ state: 'done' });
  });

  it('of what is at its place already is done without a transfer', async () => {
    await using stage = await openStage();
    const content = contentOf(500_000);
    stage.holder('a', content);
    await writeFile(stage.pathOf('file'), content.bytes);
    await stage.manager.start('file', {});
    const status = await stage.ended(content);
    expect(status).toMatchObject({ state: 'done', transferMs: 0 });
  });

  it('where another file is needs to be told to overwrite it', async () => {
    await using stage = await openStage();
    const content = contentOf(500_000);
    stage.holder('a', content);
    await writeFile(stage.pathOf('file'), 'something else');
    await expect(stage.manager.start('file', {})).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await writeFile(stage.pathOf('file'), Buffer.alloc(content.bytes.length));
    await stage.manager.start('file', {});
    expect(await stage.ended(content)).toMatchObject({ state: 'failed', failure: { code: 'ALREADY_EXISTS' } });
    expect((await readFile(stage.pathOf('file'))).every((byte) => byte === 0)).toBe(true);
    await stage.manager.start('file', { overwrite: true });
    expect(await stage.ended(content)).toMatchObject({ state: 'done' });
    expect((await readFile(stage.pathOf('file'))).equals(content.bytes)).toBe(true);
  });

  it('into a folder puts the file inside it, also on another file system', async () => {
    await using stage = await openStage();
    const content = contentOf(500_000);
    stage.holder('a', content, { name: 'deep/file.bin' });
    const memory = await access('/dev/shm').then(
      () => '/dev/shm',
      () => stage.folder,
    );
    const folder = join(memory, `p2p-spec-${process.pid}`);
    await mkdir(folder);
    try {
      await stage.manager.start('deep/file.bin', { output: folder });
      expect(await stage.ended(content)).toMatchObject({ state: 'done', output: join(folder, 'file.bin') });
      expect((await readFile(join(folder, 'file.bin'))).equals(content.bytes)).toBe(true);
      expect(await readdir(folder)).toEqual(['file.bin']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('of what this peer shares from elsewhere copies it, without the network', async () => {
    await using stage = await openStage();
    const content = contentOf(3_000_000);
    stage.holdings.add({
      file: content.file,
      manifest: content.parsed,
      names: ['mine'],
      verified: Bitmap.full(content.segmentCount),
      read: (index, target) => {
        const segment = content.segment(index);
        target.set(segment);
        return Promise.resolve(segment.length);
      },
    });
    stage.directory.isConnected = false;
    await stage.manager.start(content.file, {});
    const { state, output } = await stage.ended(content);
    expect(state).toBe('done');
    expect((await readFile(output)).equals(content.bytes)).toBe(true);
  });
});

describe('a name from the network', () => {
  for (const name of ['.partial/x', '.PARTIAL', 'a/../../etc/passwd', '/etc/passwd', 'a//b', 'a\0b', '..']) {
    it(`such as ${JSON.stringify(name)} is refused before anything is written`, async () => {
      await using stage = await openStage();
      const content = contentOf(1000);
      stage.directory.offer(name, content);
      await expect(stage.manager.start(content.file, {})).rejects.toMatchObject({ code: 'BAD_NAME' });
      expect(await readdir(join(stage.folder, 'downloads'))).toEqual(['.partial']);
    });
  }

  it('is not followed through a symbolic link', async () => {
    await using stage = await openStage();
    await using outside = await makeFolder();
    const content = contentOf(1000);
    stage.holder('a', content, { name: 'link/file' });
    await symlink(outside.path, stage.pathOf('link'));
    await stage.manager.start('link/file', {});
    expect(await stage.ended(content)).toMatchObject({ state: 'failed', failure: { code: 'ACCESS_DENIED' } });
    expect(await readdir(outside.path)).toEqual([]);
  });

  it('at a link does not write where the link leads, even when told to overwrite', async () => {
    await using stage = await openStage();
    await using outside = await makeFolder();
    const content = contentOf(1000);
    stage.holder('a', content);
    await writeFile(join(outside.path, 'precious'), 'precious');
    await symlink(join(outside.path, 'precious'), stage.pathOf('file'));
    await stage.manager.start('file', { overwrite: true });
    expect(await stage.ended(content)).toMatchObject({ state: 'failed', failure: { code: 'ACCESS_DENIED' } });
    expect(await readFile(join(outside.path, 'precious'), 'utf8')).toBe('precious');
  });
});

describe('an output', () => {
  it('that is relative, or below a file, is refused at once', async () => {
    await using stage = await openStage();
    const content = contentOf(1000);
    stage.holder('a', content);
    await writeFile(join(stage.folder, 'plain'), '');
    await expect(stage.manager.start('file', { output: 'here' })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(stage.manager.start('file', { output: join(stage.folder, 'plain', 'x') })).rejects.toBeInstanceOf(Failure);
    expect(stage.manager.list()).toEqual([]);
  });

  it('whose folders are missing gets them', async () => {
    await using stage = await openStage();
    const content = contentOf(1000);
    stage.holder('a', content);
    const output = join(stage.folder, 'new', 'deeper', 'file');
    await stage.manager.start('file', { output });
    await stage.ended(content);
    expect((await stat(output)).size).toBe(1000);
  });
});
