import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeContent } from '../tools/content.ts';
import { finish, startDownloader, startHolders } from '../tools/fleet.ts';
import { Stage, type Peer } from '../tools/stage.ts';
import { listed, share, startGet } from '../tools/transfer.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 8 * MIB;
/** 2 MB/s to each downloader: alone, each would take four seconds. */
const DELAY_MS = 0.5;
const ALONE_MS = (FILE_BYTES / 1024) * DELAY_MS;
const name = 'file.bin';

let stage: Stage;
let path: string;
let holder: Peer;
let sha256: string;

beforeEach(async () => {
  stage = await Stage.open();
  path = await stage.path('shared', name);
  sha256 = await writeContent(path, { kind: 'random', bytes: FILE_BYTES, seed: 15 });
  await stage.startDiary();
  holder = await stage.startPeer({ id: 'holder', delayMs: DELAY_MS });
  await share(holder, path);
});

afterEach(async () => {
  await stage.close();
});

describe('two downloaders of one slow holder', () => {
  it('get segments from each other, and are done well before the holder alone could have served either', async () => {
    const downloaders = await Promise.all(['one', 'other'].map((id) => startDownloader(stage, { id, name, holders: 1 })));
    const gets = downloaders.map((downloader) => startGet(downloader, { target: name }));
    const fetched = await Promise.all(gets.map(finish));
    for (const [index, { status, sha256: got }] of fetched.entries()) {
      expect(got).toBe(sha256);
      const other = index === 0 ? 'other' : 'one';
      const fromOther = status.report.sources.find(({ source }) => source.startsWith(other))?.segments ?? 0;
      expect(fromOther).toBeGreaterThan(status.report.segmentCount / 4);
      // Ideal is a half: each fetches one, and they trade.
      expect(status.transferMs).toBeLessThan(0.75 * ALONE_MS);
    }
    await stage.stop();
  });
});

describe('a file whose only complete holder is dead', () => {
  it('is still listed, what one downloader has another gets from it, and both are done soon after the holder is back', async () => {
    const first = await startDownloader(stage, { id: 'first', name, holders: 1 });
    const second = await stage.startPeer({ id: 'second' });
    const ahead = startGet(first, { target: name });
    await ahead.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 4);
    await holder.process.end();
    const kept = (await ahead.status(({ state }) => state === 'waiting')).verifiedBytes;
    await listed(second, ([only]) => only?.complete === 0 && only.partial === 1);
    const behind = startGet(second, { target: name });
    await behind.status(({ state, verifiedBytes }) => state === 'waiting' && verifiedBytes === kept);
    await startHolders(stage, path, [{ id: 'holder' }]);
    const fetched = await Promise.all([finish(ahead), finish(behind)]);
    expect(fetched.map((each) => each.sha256)).toEqual([sha256, sha256]);
    const [, late] = fetched;
    expect(late?.status.report.sources.find(({ source }) => source.startsWith('first'))?.fileBytes).toBeGreaterThanOrEqual(kept);
  });
});
