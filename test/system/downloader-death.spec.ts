import { open, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Of, writeContent } from '../tools/content.ts';
import { finish, startDownloader, startHolders } from '../tools/fleet.ts';
import { eventually, metric } from '../tools/metrics.ts';
import type { LogLine } from '../tools/program-process.ts';
import { Stage, type Peer } from '../tools/stage.ts';
import { startGet } from '../tools/transfer.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 8 * MIB;
const SEGMENT_BYTES = 64 * 1024;
/** 3.4 MB/s: a download takes more than two seconds, in which there is time to strike. */
const DELAY_MS = 0.3;
/** Segments that may be under way when it dies: asked for, or here and not yet verified. */
const IN_FLIGHT_MAX = 16;
const DONE_MS = 60_000;
const name = 'file.bin';

let stage: Stage;
let sha256: string;

beforeEach(async () => {
  stage = await Stage.open();
  const path = await stage.path('shared', name);
  sha256 = await writeContent(path, { kind: 'random', bytes: FILE_BYTES, seed: 13 });
  await stage.startDiary();
  await startHolders(stage, path, [{ id: 'holder', delayMs: DELAY_MS }]);
});

afterEach(async () => {
  await stage.close();
});

const received = (peer: Peer): Promise<number> =>
  metric(peer.metricsPort, 'p2p_transfer_bytes_total', { direction: 'download', form: 'wire' });
const partialFolder = ({ dataDir }: Peer): string => join(dataDir, 'downloads', '.partial');
const copyOf = ({ dataDir }: Peer): string => join(dataDir, 'downloads', name);
const done = (peer: Peer): Promise<LogLine> => peer.process.line('download.done', { deadlineMs: DONE_MS });

/** A downloader that was SIGKILLed when half of the file was there, and the bytes it had received by then. */
async function killedHalfWay(): Promise<{ readonly downloader: Peer; readonly receivedBytes: number }> {
  const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 1 });
  const get = startGet(downloader, { target: name });
  await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 2);
  const receivedBytes = await received(downloader);
  await downloader.process.end();
  get.command.kill('SIGKILL');
  await get.command.result;
  expect(receivedBytes).toBeLessThan(FILE_BYTES);
  return { downloader, receivedBytes };
}

async function partialFile(peer: Peer, extension: string): Promise<string> {
  const found = (await readdir(partialFolder(peer))).filter((entry) => entry.endsWith(extension));
  expect(found).toHaveLength(1);
  return join(partialFolder(peer), found[0] ?? '');
}

describe('a downloader that is SIGKILLed half way and started again', () => {
  it('goes on by itself, and receives no more than the file and what was in flight', async () => {
    const { receivedBytes } = await killedHalfWay();
    const again = await stage.startPeer({ id: 'downloader' });
    const line = await done(again);
    expect(await sha256Of(copyOf(again))).toBe(sha256);
    const resumedBytes = line['resumedBytes'] as number;
    expect(resumedBytes).toBeGreaterThanOrEqual(FILE_BYTES / 2 - IN_FLIGHT_MAX * SEGMENT_BYTES);
    expect(line['wireBytes']).toBe(FILE_BYTES - resumedBytes);
    expect(receivedBytes + (line['wireBytes'] as number)).toBeLessThan(1.05 * FILE_BYTES + IN_FLIGHT_MAX * SEGMENT_BYTES);
    expect(await readdir(partialFolder(again))).toEqual([]);
    await stage.stop();
  });

  it('notices a segment that was damaged on disk meanwhile, and fetches that one again', async () => {
    const { downloader } = await killedHalfWay();
    const map = await readFile(await partialFile(downloader, '.map'));
    const damaged = map.indexOf(1);
    expect(damaged).toBeGreaterThanOrEqual(0);
    const part = await open(await partialFile(downloader, '.part'), 'r+');
    const byte = Buffer.alloc(1);
    await part.read(byte, 0, 1, damaged * SEGMENT_BYTES + 1000);
    await part.write(Buffer.of((byte[0] ?? 0) ^ 0xff), 0, 1, damaged * SEGMENT_BYTES + 1000);
    await part.close();
    const claimed = map.filter((mark) => mark === 1).length;
    const again = await stage.startPeer({ id: 'downloader' });
    const resumed = await again.process.line('download.resumed', { deadlineMs: DONE_MS });
    expect(resumed['verifiedSegments']).toBe(claimed - 1);
    const line = await done(again);
    expect(line['wireBytes']).toBe(FILE_BYTES - (claimed - 1) * SEGMENT_BYTES);
    expect(await sha256Of(copyOf(again))).toBe(sha256);
  });

  it('the command that followed it stays, and sees its end', async () => {
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 1 });
    const get = startGet(downloader, { target: name });
    await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 4);
    await downloader.process.end();
    await stage.startPeer({ id: 'downloader', controlPort: downloader.controlPort });
    const fetched = await finish(get);
    expect(fetched.sha256).toBe(sha256);
    expect(fetched.status.report.resumedBytes).toBeGreaterThan(0);
  });
});

describe('a command that is gone half way', () => {
  it('by SIGKILL > the download goes on', async () => {
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 1 });
    const get = startGet(downloader, { target: name });
    await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 4);
    get.command.kill('SIGKILL');
    await get.command.result;
    expect((await done(downloader))['wireBytes']).toBe(FILE_BYTES);
    expect(await sha256Of(copyOf(downloader))).toBe(sha256);
  });

  it('by Ctrl-C > the download is cancelled and keeps what it has, also over a restart', async () => {
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 1 });
    const get = startGet(downloader, { target: name });
    await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 2);
    get.command.kill('SIGINT');
    const { code, stderr } = await get.command.result;
    expect(code).toBe(130);
    expect(JSON.parse(stderr)).toMatchObject({ failure: { code: 'CANCELLED' } });
    const last = get.statuses.at(-1);
    expect(last?.state).toBe('cancelled');
    const kept = last?.verifiedBytes ?? 0;
    expect(kept).toBeGreaterThanOrEqual(FILE_BYTES / 2);
    await eventually(
      () => metric(downloader.metricsPort, 'p2p_downloads_active'),
      (active) => active === 0,
      5000,
    );
    await downloader.process.stop();
    const again = await startDownloader(stage, { id: 'downloader', name, holders: 1 });
    // Cancelled is cancelled: only a new get takes it up.
    expect(again.process.lines.filter(({ event }) => event === 'download.taken_up')).toEqual([]);
    const fetched = await finish(startGet(again, { target: name }));
    expect(fetched.sha256).toBe(sha256);
    expect(fetched.status.report.resumedBytes).toBe(kept);
    expect(fetched.status.report.wireBytes).toBe(FILE_BYTES - kept);
  });
});

describe('a second get of a running download', () => {
  it('attaches to it: both see it done, and the file was fetched once', async () => {
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 1 });
    const first = startGet(downloader, { target: name });
    await first.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 4);
    const second = startGet(downloader, { target: name });
    const attached = await second.status(() => true);
    expect(attached.verifiedBytes).toBeGreaterThanOrEqual(FILE_BYTES / 4);
    const [one, other] = await Promise.all([finish(first), finish(second)]);
    expect([one.sha256, other.sha256]).toEqual([sha256, sha256]);
    expect(await received(downloader)).toBe(FILE_BYTES);
    await stage.stop();
  });
});
