import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeContent } from '../tools/content.ts';
import { finish, startDownloader, startHolders, type Fetched } from '../tools/fleet.ts';
import { eventually, metric } from '../tools/metrics.ts';
import { Stage, type Peer } from '../tools/stage.ts';
import { startGet, type RunningGet, type Status } from '../tools/transfer.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 8 * MIB;
const SEGMENT_BYTES = 64 * 1024;
/** What hedging may waste of this file: 3 %, which is more than two segments. */
const HEDGED_BYTES_MAX = 0.03 * FILE_BYTES;
/** 5 MB/s a holder: a download takes seconds, in which there is time to strike. */
const DELAY_MS = 0.2;
/** A strike that met a holder which owed nothing just then proves nothing and is repeated, so many times in all. */
const ATTEMPTS_MAX = 4;

const name = 'file.bin';
let stage: Stage;
let path: string;
let sha256: string;

beforeEach(async () => {
  stage = await Stage.open();
  path = await stage.path('shared', name);
  sha256 = await writeContent(path, { kind: 'random', bytes: FILE_BYTES, seed: 11 });
});

afterEach(async () => {
  await stage.close();
});

const owedBy = (peer: Peer): Promise<number> => metric(peer.metricsPort, 'p2p_segments_in_flight', { direction: 'upload' });

/** Until it is seen to owe segments: a strike that comes at once afterwards finds it owing. */
async function owing(peer: Peer): Promise<void> {
  await eventually(
    () => owedBy(peer),
    (segments) => segments > 0,
    1000,
  );
}

interface Struck {
  readonly get: RunningGet;
  readonly fetched: Fetched;
  readonly atMs: number;
  readonly owed: readonly number[];
  readonly victims: readonly Peer[];
}

/**
 * Strikes `count` of the holders when a third of the file is there and each of them is seen to owe segments, and returns
 * the download at its end. Repeats with new peers when what they owed was done before the strike.
 */
async function strike(options: { readonly holders: number; readonly count: number; readonly signal: NodeJS.Signals }): Promise<Struck> {
  const { holders, count, signal } = options;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    await stage.startDiary();
    const ids = Array.from({ length: holders }, (_, index) => ({ id: `holder-${attempt}-${index + 1}`, delayMs: DELAY_MS }));
    const peers = await startHolders(stage, path, ids);
    const victims = peers.slice(0, count);
    const downloader = await startDownloader(stage, { id: `downloader-${attempt}`, name, holders });
    const get = startGet(downloader, { target: name });
    await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 3);
    const owed = await Promise.all(victims.map(owedBy));
    for (const { process } of victims) process.kill(signal);
    const atMs = performance.now();
    if (owed.every((segments) => segments > 0)) return { get, fetched: await finish(get), atMs, owed, victims };
    await get.done;
    console.log(`attempt ${attempt} is void: they owed ${owed.join(', ')} segments`);
  }
  throw new Error(`in ${ATTEMPTS_MAX} attempts no victim owed anything when it was struck`);
}

const lostIn = (status: Status): number => status.report?.sources.filter(({ state }) => state === 'lost').length ?? 0;

describe('of three holders two SIGKILLed at once, each owing segments', () => {
  it('the third takes all of them over, and no verified segment is fetched again', async () => {
    const { get, fetched, owed } = await strike({ holders: 3, count: 2, signal: 'SIGKILL' });
    expect(fetched.sha256).toBe(sha256);
    const { report } = fetched.status;
    expect(report.redistributed['source_left']).toBeGreaterThan(0);
    expect(Math.max(...get.statuses.map(lostIn))).toBe(2);
    const owedBytes = owed.reduce((sum, segments) => sum + segments, 0) * SEGMENT_BYTES;
    expect(report.wireBytes - FILE_BYTES).toBeLessThanOrEqual(owedBytes + HEDGED_BYTES_MAX);
  });
});

describe('a holder that is SIGKILLed while it owes segments', () => {
  it('has been given up within a second, by its closed connection alone', async () => {
    await stage.startDiary();
    const [victim] = await startHolders(
      stage,
      path,
      [1, 2].map((number) => ({ id: `holder-${number}`, delayMs: 2 * DELAY_MS })),
    );
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 2 });
    const get = startGet(downloader, { target: name });
    if (victim === undefined) throw new Error('there is no holder');
    await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 8);
    await owing(victim);
    victim.process.kill('SIGKILL');
    const killedAt = performance.now();
    const struck = await get.status((status) => (status.report?.redistributed['source_left'] ?? 0) > 0);
    expect(performance.now() - killedAt).toBeLessThan(1000);
    expect(lostIn(struck)).toBe(1);
    expect((await finish(get)).sha256).toBe(sha256);
  });
});

describe('a holder that is SIGSTOPped while it owes segments', () => {
  it('is given up within two seconds, others deliver what it owed, and it serves again after SIGCONT', async () => {
    await stage.startDiary();
    const [victim] = await startHolders(
      stage,
      path,
      [1, 2].map((number) => ({ id: `holder-${number}`, delayMs: 2 * DELAY_MS })),
    );
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 2 });
    const get = startGet(downloader, { target: name });
    if (victim === undefined) throw new Error('there is no holder');
    await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 8);
    await owing(victim);
    victim.process.kill('SIGSTOP');
    const stoppedAt = performance.now();
    const moved = ({ report }: Status): number =>
      (report?.redistributed['source_silent'] ?? 0) + (report?.redistributed['source_slow'] ?? 0);
    await get.status((status) => moved(status) > 0);
    expect(performance.now() - stoppedAt).toBeLessThan(2000);
    const fetched = await finish(get);
    expect(fetched.sha256).toBe(sha256);
    victim.process.kill('SIGCONT');
    const later = await startDownloader(stage, { id: 'later', name, holders: 3 });
    const again = await finish(startGet(later, { target: name }));
    expect(again.sha256).toBe(sha256);
    await stage.stop();
  });
});

describe('a holder that is SIGTERMed while it owes segments', () => {
  it('finishes what it owes and ends with 0, and the download is whole', async () => {
    const { fetched, victims } = await strike({ holders: 2, count: 1, signal: 'SIGTERM' });
    expect(fetched.sha256).toBe(sha256);
    expect(fetched.status.report.redistributed['source_left']).toBe(0);
    expect(fetched.status.report.wireBytes - FILE_BYTES).toBeLessThanOrEqual(HEDGED_BYTES_MAX);
    const [victim] = victims;
    expect(await victim?.process.exited).toEqual({ code: 0, signal: null });
  });
});

describe('the only holder, SIGKILLed and back on another port', () => {
  it('the download says that it waits, goes on by itself, and fetches only the rest', async () => {
    await stage.startDiary();
    const options = { id: 'holder', delayMs: DELAY_MS, shareDir: join(path, '..') };
    const holder = await stage.startPeer(options);
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 1 });
    const get = startGet(downloader, { target: name });
    await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 3);
    await owing(holder);
    await holder.process.end();
    const { verifiedBytes: kept } = await get.status(({ state }) => state === 'waiting');
    const back = await stage.startPeer(options);
    expect(back.peerPort).not.toBe(holder.peerPort);
    const fetched = await finish(get);
    expect(fetched.sha256).toBe(sha256);
    expect(kept).toBeGreaterThanOrEqual(FILE_BYTES / 3);
    const { report } = fetched.status;
    expect(report.redistributed['source_left']).toBeGreaterThan(0);
    // With one source there is no hedging: beyond the file came only what was under way when it died.
    expect(report.wireBytes - FILE_BYTES).toBe(report.wastedBytes);
    expect(report.wastedBytes).toBeLessThanOrEqual((report.redistributed['source_left'] ?? 0) * SEGMENT_BYTES);
    await stage.stop();
  });
});

describe('the only holder, gone for good', () => {
  const HOLDER_WAIT_MS = 1500;
  /** Until the loss is noticed, the last status has come and the command has ended. */
  const SLACK_MS = 2000;

  it('the download says that it waits, fails with NO_HOLDERS when the wait is over, and a later one takes it up', async () => {
    await stage.startDiary();
    const [holder] = await startHolders(stage, path, [{ id: 'holder', delayMs: DELAY_MS }]);
    const downloader = await startDownloader(stage, {
      id: 'downloader',
      name,
      holders: 1,
      env: { P2P_HOLDER_WAIT_MS: String(HOLDER_WAIT_MS) },
    });
    const get = startGet(downloader, { target: name });
    if (holder === undefined) throw new Error('there is no holder');
    await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 3);
    holder.process.kill('SIGKILL');
    const killedAt = performance.now();
    await get.status(({ state }) => state === 'waiting');
    const { code, stderr } = await get.command.result;
    const tookMs = performance.now() - killedAt;
    expect(code).toBe(13);
    expect(JSON.parse(stderr)).toMatchObject({ failure: { code: 'NO_HOLDERS' } });
    expect(tookMs).toBeGreaterThanOrEqual(HOLDER_WAIT_MS);
    expect(tookMs).toBeLessThan(HOLDER_WAIT_MS + SLACK_MS);
    const kept = get.statuses.at(-1)?.verifiedBytes ?? 0;
    expect(kept).toBeGreaterThanOrEqual(FILE_BYTES / 3);
    await startHolders(stage, path, [{ id: 'another', delayMs: 0 }]);
    await eventually(
      () => downloader.cli(['list', '--json']),
      ({ stdout }) => stdout.includes(name),
      10_000,
    );
    const fetched = await finish(startGet(downloader, { target: name }));
    expect(fetched.sha256).toBe(sha256);
    expect(fetched.status.report.resumedBytes).toBe(kept);
    expect(fetched.status.report.wireBytes).toBe(FILE_BYTES - kept);
  });
});
