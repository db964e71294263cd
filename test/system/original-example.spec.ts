import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeContent } from '../tools/content.ts';
import { finish, startDownloader, startHolders, type Fetched } from '../tools/fleet.ts';
import { Stage, type Peer } from '../tools/stage.ts';
import { share, startGet, type RunningGet } from '../tools/transfer.ts';

const KIB = 1024;
const FAST_DELAY_MS = 100;
/** One segment; one segment, of which only the slower peer knows at first; and four. */
const SIZES_KIB = [60, 61, 200] as const;
type SizeKib = (typeof SIZES_KIB)[number];
/** What a download may need beyond the delays: connecting, asking, hashing. */
const OVERHEAD_MS = 500;

let stage: Stage;
/** The downloads run side by side: the delay is for each connection, so none slows another. */
let fetched: Readonly<Record<SizeKib, Promise<Fetched>>>;
const expected: Partial<Record<SizeKib, string>> = {};

const nameOf = (sizeKib: SizeKib): string => `${sizeKib}.bin`;

async function startOf(sizeKib: SizeKib, holders: number): Promise<RunningGet> {
  const downloader = await startDownloader(stage, { id: `downloader-${sizeKib}`, name: nameOf(sizeKib), holders });
  return startGet(downloader, { target: nameOf(sizeKib) });
}

async function fetchOf(sizeKib: SizeKib): Promise<Fetched> {
  return finish(await startOf(sizeKib, 2));
}

/** The faster peer shares it only when all of it was asked of the slower one. */
async function fetchWithLateHelp(fast: Peer): Promise<Fetched> {
  const get = await startOf(61, 1);
  await get.status(({ report }) => report?.sources.some(({ inFlight }) => inFlight === 1) === true);
  await share(fast, join(stage.folder, 'late', nameOf(61)));
  return finish(get);
}

beforeAll(async () => {
  stage = await Stage.open();
  await stage.startDiary();
  for (const sizeKib of SIZES_KIB) {
    const path = await stage.path(sizeKib === 61 ? 'late' : 'shared', nameOf(sizeKib));
    expected[sizeKib] = await writeContent(path, { kind: 'random', bytes: sizeKib * KIB, seed: sizeKib });
  }
  const [fast, slow] = await startHolders(stage, join(stage.folder, 'shared'), [
    { id: 'fast', delayMs: FAST_DELAY_MS },
    { id: 'slow', delayMs: 2 * FAST_DELAY_MS },
  ]);
  if (fast === undefined || slow === undefined) throw new Error('there are no holders');
  await share(slow, join(stage.folder, 'late'));
  fetched = { 60: fetchOf(60), 61: fetchWithLateHelp(fast), 200: fetchOf(200) };
  // Each is awaited by its own test; a failure of one must not end the others.
  for (const each of Object.values(fetched)) each.catch(() => undefined);
});

afterAll(async () => {
  await stage.stop();
  await stage.close();
});

/** What the faster of the two would need alone. */
const aloneMs = (sizeKib: SizeKib): number => sizeKib * FAST_DELAY_MS;

describe("the original's example, two peers with 100 and 200 ms a packet", () => {
  it('60 KiB, which are one segment > take no longer than from the faster one alone', async () => {
    const { status, sha256 } = await fetched[60];
    expect(sha256).toBe(expected[60]);
    expect(status.transferMs).toBeGreaterThan(0.95 * aloneMs(60));
    expect(status.transferMs).toBeLessThan(aloneMs(60) + OVERHEAD_MS);
  });

  it('61 KiB, which the faster one shares only when all was asked of the slower one > are asked of it too, and it wins', async () => {
    const { status, sha256 } = await fetched[61];
    expect(sha256).toBe(expected[61]);
    expect(status.report.hedged).toBe(1);
    expect(status.report.sources.find(({ source }) => source.startsWith('fast'))?.segments).toBe(1);
    // The slower one alone needs twice as long.
    expect(status.transferMs).toBeLessThan(1.5 * aloneMs(61));
  });

  it('200 KiB, which are four segments > come from both, faster than from the faster one alone', async () => {
    const { status, sha256 } = await fetched[200];
    expect(sha256).toBe(expected[200]);
    expect(status.report.sources.filter(({ segments }) => segments > 0)).toHaveLength(2);
    // The sum of their rates would need 13.3 s, and no cut into segments less than 13.6.
    expect(status.transferMs).toBeLessThan(0.75 * aloneMs(200));
  });
});
