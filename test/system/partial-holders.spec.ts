import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeContent } from '../tools/content.ts';
import { finish, startDownloader, startHolders } from '../tools/fleet.ts';
import { Stage } from '../tools/stage.ts';
import { list, startGet } from '../tools/transfer.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 8 * MIB;
/** 2 MB/s to each downloader: alone, each would take four seconds. */
const DELAY_MS = 0.5;
const ALONE_MS = (FILE_BYTES / 1024) * DELAY_MS;
const name = 'file.bin';

let stage: Stage;
let sha256: string;

beforeEach(async () => {
  stage = await Stage.open();
  const path = await stage.path('shared', name);
  sha256 = await writeContent(path, { kind: 'random', bytes: FILE_BYTES, seed: 15 });
  await stage.startDiary();
  await startHolders(stage, path, [{ id: 'holder', delayMs: DELAY_MS }]);
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

describe('a downloader whose only holder dies', () => {
  it('goes on with what another downloader has, and lists it as partial meanwhile', async () => {
    const [first, second] = await Promise.all(
      ['first', 'second'].map((id) => startDownloader(stage, { id, name, holders: 1, env: { P2P_HOLDER_WAIT_MS: '1000' } })),
    );
    if (first === undefined || second === undefined) throw new Error('there are no downloaders');
    const ahead = startGet(first, { target: name });
    await ahead.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 4);
    expect(await list(second)).toMatchObject([{ name, complete: 1, partial: 1 }]);
    const { status } = await finish(ahead);
    // Who comes later finds two complete holders.
    expect(status.report.sources.map(({ state }) => state)).toEqual(['active']);
    const behind = await finish(startGet(second, { target: name }));
    expect(behind.sha256).toBe(sha256);
    expect(behind.status.report.sources.find(({ source }) => source.startsWith('first'))?.segments).toBeGreaterThan(0);
  });
});
