import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeContent } from '../tools/content.ts';
import { fetchOnce, startHolders } from '../tools/fleet.ts';
import { Stage } from '../tools/stage.ts';

const MIB = 1024 * 1024;
const PACKET_BYTES = 1024;
/** Of the sum of the sources' rates. */
const SHARE_MIN = 0.9;

interface Case {
  readonly title: string;
  readonly bytes: number;
  /** One for each source, in the order in which they join. */
  readonly delaysMs: readonly number[];
  /** With how many of them the file is fetched. */
  readonly counts: readonly number[];
}

const equal = (delayMs: number): readonly number[] => Array.from({ length: 8 }, () => delayMs);
const unequal = (delayMs: number): readonly number[] => Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? delayMs : 2 * delayMs));

// Delays with which eight sources still take a second: what is measured is how they share, not how fast this machine connects.
const CASES: readonly Case[] = [
  { title: '5 MiB, equal delays', bytes: 5 * MIB, delaysMs: equal(2), counts: [1, 2, 3, 4, 5, 6, 7, 8] },
  { title: '5 MiB, delays of 1:2', bytes: 5 * MIB, delaysMs: unequal(2), counts: [2, 3, 8] },
  { title: '13.57 MB, equal delays', bytes: 13_570_000, delaysMs: equal(1), counts: [1, 2, 3, 8] },
  { title: '13.57 MB, delays of 1:2', bytes: 13_570_000, delaysMs: unequal(1), counts: [2, 3, 8] },
  { title: '300 MiB, equal delays', bytes: 300 * MIB, delaysMs: equal(0.08), counts: [1, 2, 4, 8] },
  { title: '300 MiB, delays of 1:2', bytes: 300 * MIB, delaysMs: unequal(0.08), counts: [2, 8] },
];

let stage: Stage;

beforeEach(async () => {
  stage = await Stage.open();
  await stage.startDiary();
});

afterEach(async () => {
  await stage.stop();
  await stage.close();
});

function bytesPerSecond(delaysMs: readonly number[]): number {
  return delaysMs.reduce((sum, delayMs) => sum + (PACKET_BYTES * 1000) / delayMs, 0);
}

describe('delayed peers', () => {
  it.each(CASES)(
    '$title > $counts of them serve at the sum of their rates',
    async ({ title, bytes, delaysMs, counts }) => {
      const path = await stage.path('shared', 'file.bin');
      const expected = await writeContent(path, { kind: 'random', bytes, seed: bytes });
      const shares: { readonly count: number; readonly share: number }[] = [];
      let joined = 0;
      for (const count of counts) {
        const options = delaysMs.slice(joined, count).map((delayMs, index) => ({ id: `source-${joined + index + 1}`, delayMs }));
        await startHolders(stage, path, options);
        joined = count;
        const { status, sha256 } = await fetchOnce(stage, { id: `downloader-${count}`, path, holders: count });
        expect(sha256).toBe(expected);
        shares.push({ count, share: bytes / (status.transferMs / 1000) / bytesPerSecond(delaysMs.slice(0, count)) });
      }
      process.stdout.write(`${title}: ${shares.map(({ count, share }) => `${count} at ${share.toFixed(3)}`).join(', ')} of the sum\n`);
      expect(shares.filter(({ share }) => share < SHARE_MIN)).toEqual([]);
      // A peer that is faster than its delay allows has no delay.
      expect(shares.filter(({ share }) => share > 1.1)).toEqual([]);
    },
    240_000,
  );
});
