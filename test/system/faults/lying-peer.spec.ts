import { access, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeContent } from '../../tools/content.ts';
import { LIES, type Lie } from '../../tools/lying-peer-lies.ts';
import { LyingPeer, manifestFrom } from '../../tools/lying-peer.ts';
import { endOf, finishMoving } from '../../tools/no-hang.ts';
import { Stage, type Diary, type Peer } from '../../tools/stage.ts';
import { listed, share, startGet } from '../../tools/transfer.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 3 * MIB;
/** 1.6 MB/s: the honest holder is slower than the liar, which is therefore asked for much. */
const DELAY_MS = 0.6;
const HOLDER_WAIT_MS = 1500;

/** Lies that show in what was sent: their teller is never asked again. Of the others only time can tell. */
const SHOWING: readonly string[] = ['wrong bytes', 'a wrong index', 'a wrong length', 'a decompression bomb'];
/** It sends something all the time, and without another holder there is nothing to compare it with. */
const ENDLESS = 'a body that drips';

let stage: Stage;
let diary: Diary;
let honest: Peer;
let downloader: Peer;
let files = 0;

beforeAll(async () => {
  stage = await Stage.open();
  diary = await stage.startDiary();
  honest = await stage.startPeer({ id: 'honest', delayMs: DELAY_MS });
  downloader = await stage.startPeer({ id: 'downloader', env: { P2P_HOLDER_WAIT_MS: String(HOLDER_WAIT_MS) } });
});

afterAll(async () => {
  await stage.stop();
  await stage.close();
});

interface Told {
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly sha256: string;
  readonly liar: LyingPeer;
}

/** A file of its own for each lie: whoever lies about one is not trusted with it again. */
async function tell(lie: Lie): Promise<Told> {
  const number = (files += 1);
  const name = `lie-${number}.bin`;
  const path = await stage.path('shared', name);
  const sha256 = await writeContent(path, { kind: 'random', bytes: FILE_BYTES, seed: 40 + number });
  await share(honest, path);
  const lines = await listed(downloader, (entries) => entries.some((line) => line.name === name && line.complete === 1));
  const id = lines.find((line) => line.name === name)?.id ?? '';
  const file = { id, name, content: await readFile(path) };
  const liar = await LyingPeer.start({ id: `liar-${number}`, diaryPort: diary.port, file, honestPort: honest.peerPort, lie });
  return { name, id, path, sha256, liar };
}

describe('a holder that told the diary a wrong size first', () => {
  it.each([5 * MIB, 0])('of %i bytes > the honest holder is believed, and the file is byte-identical', async (claimedBytes) => {
    const name = `size-${claimedBytes}.bin`;
    const path = await stage.path('shared', name);
    const sha256 = await writeContent(path, { kind: 'random', bytes: FILE_BYTES, seed: 90 + claimedBytes });
    await share(honest, path);
    const lines = await listed(downloader, (entries) => entries.some((line) => line.name === name));
    const id = lines.find((line) => line.name === name)?.id ?? '';
    const manifest = await manifestFrom(honest.peerPort, id);
    await honest.cli(['unshare', name]);
    await listed(downloader, (entries) => !entries.some((line) => line.name === name));
    const file = { id, name, content: await readFile(path), claimedBytes };
    const lie = LIES['wrong bytes'];
    await using _ = await LyingPeer.start({ id: `liar-size-${claimedBytes}`, diaryPort: diary.port, file, honestPort: 0, manifest, lie });
    await listed(downloader, (entries) => entries.some((line) => line.id === id && line.bytes === claimedBytes));
    await share(honest, path);
    await listed(downloader, (entries) => entries.some((line) => line.id === id && line.complete === 2));
    const { status, sha256: got } = await finishMoving(startGet(downloader, { target: name }), 'a wrong size');
    expect(got).toBe(sha256);
    expect(status.bytes).toBe(FILE_BYTES);
    expect(status.report.sources.some(({ source, state }) => source.startsWith('honest') && state !== 'quarantined')).toBe(true);
  });
});

describe.each(Object.entries(LIES))('a holder that sends %s', (title, lie) => {
  it('beside an honest one > the file is byte-identical, and its peer goes on', async () => {
    const { name, liar, sha256 } = await tell(lie);
    await using _ = liar;
    const fetched = await finishMoving(startGet(downloader, { target: name }), title);
    const { report, totalMs } = fetched.status;
    console.log(`${title}: ${totalMs} ms, ${liar.asked} segments asked, ${report.rejected} rejected, ${report.wastedBytes} bytes wasted`);
    expect(fetched.sha256).toBe(sha256);
    expect(liar.asked).toBeGreaterThan(0);
    expect(downloader.process.exit).toBeUndefined();
    if (!SHOWING.includes(title)) return;
    expect(report.rejected).toBeGreaterThan(0);
    expect(report.sources.filter(({ state }) => state === 'quarantined').map(({ source }) => source)).toHaveLength(1);
  });
});

describe.each(Object.entries(LIES).filter(([title]) => title !== ENDLESS))('the only holder, which sends %s', (title, lie) => {
  it('the download says that it waits, fails with NO_HOLDERS and leaves no file', async () => {
    const { name, liar, path } = await tell(lie);
    await using _ = liar;
    const { code: unshared } = await honest.cli(['unshare', name]);
    expect(unshared).toBe(0);
    await listed(downloader, (entries) => entries.some((line) => line.name === name && line.complete === 1));
    const get = startGet(downloader, { target: name });
    const { code, stderr, last } = await endOf(get, `${title}, alone`);
    expect(stderr).toContain('NO_HOLDERS');
    expect(code).toBe(13);
    expect(get.statuses.some(({ state }) => state === 'waiting')).toBe(true);
    await expect(access(last?.output ?? '')).rejects.toThrow('ENOENT');
    expect(last?.output).not.toBe(path);
  });
});
