import { access, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Of, writeContent } from '../tools/content.ts';
import { finish, owedHalfWay, startDownloader, startHolders } from '../tools/fleet.ts';
import { Stage } from '../tools/stage.ts';
import { listed, redistributedIn, startGet } from '../tools/transfer.ts';

const MIB = 1024 * 1024;
/** 32 MiB in segments of 256 KiB; three peers at 5 MB/s each take two seconds, in which there is time to kill one. */
const FILE_BYTES = 32 * MIB;
const SEGMENT_BYTES = 256 * 1024;
const DELAY_MS = 0.2;

let stage: Stage;
let path: string;
let sha256: string;

beforeEach(async () => {
  stage = await Stage.open();
  path = await stage.path('shared', 'file.bin');
  sha256 = await writeContent(path, { kind: 'random', bytes: FILE_BYTES, seed: 42 });
});

afterEach(async () => {
  await stage.close();
});

const name = 'file.bin';
const holdersOf = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `holder-${index + 1}`, delayMs: DELAY_MS }));

describe('a holder that is SIGKILLed half way', () => {
  it('owed segments then, the others take them over, and the file is whole', async () => {
    await stage.startDiary();
    const [victim] = await startHolders(stage, path, holdersOf(3));
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 3 });
    const get = startGet(downloader, { target: name });
    if (victim === undefined) throw new Error('there is no holder');
    const owed = await owedHalfWay(get, victim);
    victim.process.kill('SIGKILL');
    const fetched = await finish(get);
    expect(fetched.sha256).toBe(sha256);
    expect(owed).toBeGreaterThan(0);
    const { report } = fetched.status;
    expect(redistributedIn(report)).toBeGreaterThan(0);
    // No verified segment is asked for again: beyond the file at most what the victim owed, and the hedges.
    const hedgedBytesMax = Math.max(0.03 * FILE_BYTES, 2 * SEGMENT_BYTES);
    const owedMost = Math.max(...get.statuses.flatMap((status) => status.report?.sources.map(({ inFlight }) => inFlight) ?? []));
    expect(report.wireBytes - FILE_BYTES).toBeLessThanOrEqual(owedMost * SEGMENT_BYTES + hedgedBytesMax);
  });
});

describe('the only holder', () => {
  it('gone half way and back on another port > the download waits and goes on with what it has', async () => {
    await stage.startDiary();
    const options = { id: 'holder', delayMs: 0.1, shareDir: await stage.path('shared') };
    const holder = await stage.startPeer(options);
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 1 });
    const get = startGet(downloader, { target: name });
    await owedHalfWay(get, holder);
    await holder.process.end();
    const waiting = await get.status(({ state }) => state === 'waiting');
    await stage.startPeer(options);
    const fetched = await finish(get);
    expect(fetched.sha256).toBe(sha256);
    expect(waiting.verifiedBytes).toBeGreaterThanOrEqual(FILE_BYTES / 2);
    expect(fetched.status.report.wireBytes).toBeLessThan(1.2 * FILE_BYTES);
  });

  it('gone for good > the download fails with NO_HOLDERS and keeps what it has', async () => {
    await stage.startDiary();
    const [holder] = await startHolders(stage, path, [{ id: 'holder', delayMs: 0.1 }]);
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 1, env: { P2P_HOLDER_WAIT_MS: '500' } });
    const get = startGet(downloader, { target: name });
    if (holder === undefined) throw new Error('there is no holder');
    await owedHalfWay(get, holder);
    await holder.process.end();
    const { code, stderr } = await get.command.result;
    expect(stderr).toContain('NO_HOLDERS');
    expect(code).toBe(13);
    expect(get.statuses.at(-1)?.verifiedBytes).toBeGreaterThanOrEqual(FILE_BYTES / 2);
  });
});

describe('a diary that is SIGKILLed half way', () => {
  it('the download goes on, and after its restart the catalogue is whole again', async () => {
    const diary = await stage.startDiary();
    const [holder] = await startHolders(stage, path, holdersOf(2));
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 2 });
    const get = startGet(downloader, { target: name });
    if (holder === undefined) throw new Error('there is no holder');
    await owedHalfWay(get, holder);
    await diary.process.end();
    const fetched = await finish(get);
    expect(fetched.sha256).toBe(sha256);
    await stage.startDiary({ port: diary.port });
    await listed(await stage.startPeer({ id: 'later' }), (lines) => lines.some((line) => line.name === name && line.complete === 3));
  });
});

describe('a downloader that is SIGKILLed half way', () => {
  it('takes the download up by itself when it is back, and asks only for the rest', async () => {
    await stage.startDiary();
    const [holder] = await startHolders(stage, path, holdersOf(2));
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 2 });
    const output = await stage.path('out', 'copy.bin');
    const get = startGet(downloader, { target: name, output });
    if (holder === undefined) throw new Error('there is no holder');
    await owedHalfWay(get, holder);
    get.command.kill('SIGKILL');
    await downloader.process.end();
    const again = await stage.startPeer({ id: 'downloader' });
    const fetched = await finish(startGet(again, { target: name, output }));
    expect(fetched.sha256).toBe(sha256);
    expect(fetched.status.output).toBe(output);
    // Half was verified before; what had arrived but was not yet recorded is asked for again.
    expect(fetched.status.report.resumedBytes).toBeGreaterThan(FILE_BYTES / 4);
    expect(fetched.status.report.wireBytes).toBeLessThanOrEqual(FILE_BYTES - fetched.status.report.resumedBytes + 4 * SEGMENT_BYTES);
  });
});

describe('a shared file that changes half way', () => {
  it('is never handed out: the download fails, and nothing is where the file would be', async () => {
    await stage.startDiary();
    const [holder] = await startHolders(stage, path, [{ id: 'holder', delayMs: 0.1 }]);
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 1, env: { P2P_HOLDER_WAIT_MS: '1000' } });
    const get = startGet(downloader, { target: name });
    if (holder === undefined) throw new Error('there is no holder');
    await owedHalfWay(get, holder);
    await writeFile(path, Buffer.alloc(FILE_BYTES, 7));
    const { code, stderr } = await get.command.result;
    expect(stderr).toMatch(/FILE_CHANGED|NO_HOLDERS/);
    expect(code).not.toBe(0);
    await expect(access(get.statuses.at(-1)?.output ?? '')).rejects.toThrow('ENOENT');
  });

  it('where another holder has it unchanged > the download ends with what it was', async () => {
    await stage.startDiary();
    const copy = await stage.path('copy', basename(path));
    await writeContent(copy, { kind: 'random', bytes: FILE_BYTES, seed: 42 });
    expect(await sha256Of(copy)).toBe(sha256);
    const [changing] = await startHolders(stage, path, [{ id: 'changing', delayMs: DELAY_MS }]);
    await startHolders(stage, copy, [{ id: 'steady', delayMs: DELAY_MS }]);
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 2 });
    const get = startGet(downloader, { target: name });
    if (changing === undefined) throw new Error('there is no holder');
    await owedHalfWay(get, changing);
    await writeFile(path, Buffer.alloc(FILE_BYTES, 7));
    expect((await finish(get)).sha256).toBe(sha256);
  });
});
