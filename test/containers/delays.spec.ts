import { describe, expect, it } from 'vitest';
import { fleetOfFile } from './tools/fleet.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 4 * MIB;
/** 0.5 MB/s a holder: three take 2.7 s, which a busy machine adds little to. */
const DELAY_MS = 2;
/** About 3 on an idle machine; on a busy one a download of a second waits for a CPU as long as for its bytes. */
const COMPRESSED_GAIN_MIN = 1.25;
const SPEED_UP_SHARE_MIN = 0.9;
const COUNTS = [1, 2, 3] as const;

const hashes = new Map<string, string>();
const name = (kind: string, count: number): string => `${kind}-${count}.bin`;

/** Holders number 1 to COUNT have the files KIND-COUNT: each count has a file of its own, which the downloader has not yet. */
const fleet = fleetOfFile(async (open) => {
  await open.startDiary();
});

/** The duration of the parallel transfer from 1, 2 and 3 holders, in ms. */
async function table(kind: 'random' | 'text', compression: 'never' | 'always'): Promise<readonly number[]> {
  const title = `${kind}-${compression}`;
  for (const [index, count] of COUNTS.entries()) {
    const content = { kind, bytes: FILE_BYTES, seed: index + 1 } as const;
    for (const number of COUNTS.filter((each) => each <= count)) {
      hashes.set(name(title, count), await fleet().write(`${title}-${number}/${name(title, count)}`, content));
    }
  }
  const holders = await Promise.all(
    COUNTS.map((number) => fleet().startPeer({ id: `${title}-${number}`, shares: `${title}-${number}`, delayMs: DELAY_MS, compression })),
  );
  // A new one for each table: the one before has the same text and would serve it.
  const downloader = await fleet().startPeer({ id: `${title}-downloader` });
  const durationsMs: number[] = [];
  for (const count of COUNTS) {
    await downloader.listed(name(title, count), count);
    durationsMs.push((await downloader.get(name(title, count))).transferMs);
  }
  const found = await downloader.hashes();
  for (const count of COUNTS) expect(found.get(name(title, count))).toBe(hashes.get(name(title, count)));
  await Promise.all([...holders, downloader].map((each) => each.kill()));
  return durationsMs;
}

function print(title: string, durationsMs: readonly number[]): void {
  const [one = 0] = durationsMs;
  const cells = durationsMs.map((ms, index) => `${index + 1}: ${(ms / 1000).toFixed(2)} s (${(one / ms).toFixed(2)} times)`);
  console.log(`${DELAY_MS} ms a KiB, ${FILE_BYTES / MIB} MiB of ${title}, from delayed peers: ${cells.join(', ')}`);
}

describe('delayed peers', () => {
  it('serve two and three times as fast when there are two and three', async () => {
    const durationsMs = await table('random', 'never');
    print('random bytes', durationsMs);
    const [one = 0] = durationsMs;
    for (const [index, ms] of durationsMs.entries()) expect(one / ms / (index + 1)).toBeGreaterThan(SPEED_UP_SHARE_MIN);
  });

  it('deliver the same text faster compressed', async () => {
    const plain = await table('text', 'never');
    print('text, compression never', plain);
    const compressed = await table('text', 'always');
    print('text, compression always', compressed);
    for (const [index, ms] of compressed.entries()) expect((plain[index] ?? 0) / ms).toBeGreaterThan(COMPRESSED_GAIN_MIN);
  });
});
