import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeContent } from '../tools/content.ts';
import { finish, startDownloader, startHolders } from '../tools/fleet.ts';
import { eventually } from '../tools/metrics.ts';
import { Stage, type Peer } from '../tools/stage.ts';
import { listed, share, startGet } from '../tools/transfer.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 8 * MIB;
/** 2.5 MB/s a holder. */
const DELAY_MS = 0.4;
const name = 'file.bin';
/** Reconnecting is tried every five seconds at the longest. */
const WHOLE_AGAIN_MS = 10_000;

let stage: Stage;
let path: string;
let sha256: string;

beforeEach(async () => {
  stage = await Stage.open();
  path = await stage.path('shared', name);
  sha256 = await writeContent(path, { kind: 'random', bytes: FILE_BYTES, seed: 12 });
});

afterEach(async () => {
  await stage.close();
});

const isConnected = async (peer: Peer): Promise<boolean> => {
  const { stdout } = await peer.cli(['status', '--json']);
  return (JSON.parse(stdout) as { readonly diary: { readonly connected: boolean } }).diary.connected;
};

describe('a diary that is SIGKILLed and restarted on its port half way through a download', () => {
  it('the download loses no source, and afterwards the catalogue is whole again', async () => {
    const diary = await stage.startDiary();
    await startHolders(
      stage,
      path,
      [1, 2].map((number) => ({ id: `holder-${number}`, delayMs: DELAY_MS })),
    );
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 2 });
    const get = startGet(downloader, { target: name });
    await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 4);
    await diary.process.end();
    const { verifiedBytes } = get.statuses.at(-1) ?? { verifiedBytes: 0 };
    expect(verifiedBytes).toBeLessThan(FILE_BYTES);
    await stage.startDiary({ port: diary.port });
    const fetched = await finish(get);
    expect(fetched.sha256).toBe(sha256);
    expect(fetched.status.report.redistributed['source_left']).toBe(0);
    expect(get.statuses.flatMap(({ report }) => report?.sources ?? []).filter(({ state }) => state === 'lost')).toEqual([]);
    await listed(
      await stage.startPeer({ id: 'later' }),
      (lines) => lines.some((line) => line.name === name && line.complete === 3),
      WHOLE_AGAIN_MS,
    );
    await stage.stop();
  });

  it('a holder that appears after the restart still becomes a source of it', async () => {
    const diary = await stage.startDiary();
    await startHolders(stage, path, [{ id: 'holder', delayMs: 2 * DELAY_MS }]);
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 1 });
    const get = startGet(downloader, { target: name });
    await get.status(({ verifiedBytes }) => verifiedBytes > 0);
    await diary.process.end();
    await stage.startDiary({ port: diary.port });
    await startHolders(stage, path, [{ id: 'newcomer', delayMs: DELAY_MS }]);
    const { status, sha256: got } = await finish(get);
    expect(got).toBe(sha256);
    expect(status.report.sources.find(({ source }) => source.startsWith('newcomer'))?.segments).toBeGreaterThan(0);
  });
});

describe('a holder that appears half way through a download', () => {
  it('becomes a source of it', async () => {
    await stage.startDiary();
    await startHolders(stage, path, [{ id: 'holder', delayMs: 2 * DELAY_MS }]);
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 1 });
    const newcomer = await stage.startPeer({ id: 'newcomer', delayMs: DELAY_MS });
    const get = startGet(downloader, { target: name });
    await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 4);
    await share(newcomer, path);
    const { status, sha256: got } = await finish(get);
    expect(got).toBe(sha256);
    expect(status.report.sources.find(({ source }) => source.startsWith('newcomer'))?.segments).toBeGreaterThan(0);
  });
});

describe('peers that start before their diary', () => {
  it('are ready, say DIARY_UNREACHABLE where it is needed, and join when it is there', async () => {
    const { port, address, process } = await stage.startDiary();
    await process.end();
    const [holder] = await startHolders(stage, path, [{ id: 'holder', diary: address }]);
    const downloader = await stage.startPeer({ id: 'downloader', diary: address });
    if (holder === undefined) throw new Error('there is no holder');
    expect((await fetch(`http://127.0.0.1:${downloader.metricsPort}/health/ready`)).status).toBe(200);
    expect(await isConnected(downloader)).toBe(false);
    for (const args of [['get', name], ['list']]) {
      const { code, stderr } = await downloader.cli(args);
      expect(stderr).toMatch(/^DIARY_UNREACHABLE: /);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(code).toBe(12);
    }
    await stage.startDiary({ port });
    await Promise.all(
      [holder, downloader].map((peer) =>
        eventually(
          () => isConnected(peer),
          (connected) => connected,
          WHOLE_AGAIN_MS,
        ),
      ),
    );
    await listed(downloader, (lines) => lines.some((line) => line.name === name && line.complete === 1), WHOLE_AGAIN_MS);
    expect((await finish(startGet(downloader, { target: name }))).sha256).toBe(sha256);
    await stage.stop();
  });
});
