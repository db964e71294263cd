// How long the segments of a struck holder wait until they are asked of another. Measured; what is asserted is that none hangs.
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generator, writeContent } from '../../tools/content.ts';
import { finish, startDownloader, startHolders } from '../../tools/fleet.ts';
import { quantileOf, readFlight, recoveryOf } from '../../tools/flight.ts';
import { Stage } from '../../tools/stage.ts';
import { startGet } from '../../tools/transfer.ts';

const SEED = Number(process.env['TIMING_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const FILE_BYTES = 24 * 1024 * 1024;
/** 2 MB/s a holder, in packets of 1 KiB: slow enough that the machine's own load does not decide. */
const DELAY_MS = 0.5;
const HOLDERS = 10;
/** Of them struck in one download, one after the other. The others finish it. */
const STRUCK = 8;
/** Rounds that may be void in part, beyond which something is wrong with the test. */
const ROUNDS_MAX = 16;

/** Stands for "it hangs". The goals are printed beside what was measured. */
const HANG_MS = 15_000;

interface Measured {
  readonly blows: number;
  readonly askedMs: readonly number[];
  readonly firstByteMs: readonly number[];
}

let stage: Stage;
let path: string;
let sha256: string;

beforeAll(async () => {
  console.log(`TIMING_SEED=${SEED} replays the moments of the blows`);
  stage = await Stage.open();
  path = await stage.path('shared', 'file.bin');
  sha256 = await writeContent(path, { kind: 'random', bytes: FILE_BYTES, seed: 3 });
  await stage.startDiary();
});

afterAll(async () => {
  await stage.close();
});

/** One download in which holders are struck at seeded shares of the file. */
async function round(name: string, random: () => number, strike: NodeJS.Signals): Promise<Measured> {
  const ids = Array.from({ length: HOLDERS }, (_, index) => ({ id: `${name}-${index}`, delayMs: DELAY_MS }));
  const holders = await startHolders(stage, path, ids);
  const downloader = await startDownloader(stage, { id: `${name}-get`, name: basename(path), holders: HOLDERS });
  const trace = await stage.path('traces', `${name}.jsonl`);
  const get = startGet(downloader, { target: basename(path), trace });
  const moments = Array.from({ length: STRUCK }, (_, index) => ((index + 0.2 + 0.6 * random()) / (STRUCK + 1)) * FILE_BYTES);
  const blows: { readonly victim: string; readonly at: number }[] = [];
  for (const [index, bytes] of moments.entries()) {
    await get.status(({ verifiedBytes, state }) => verifiedBytes >= bytes || state === 'done');
    const victim = holders[index];
    if (victim === undefined) break;
    blows.push({ victim: victim.id, at: Date.now() });
    victim.process.kill(strike);
  }
  const fetched = await finish(get);
  expect(fetched.sha256).toBe(sha256);
  await Promise.all([...holders, downloader].map(({ process }) => process.end()));
  const flight = await readFlight(trace);
  expect(flight.dropped).toBe(0);
  const struck = blows.map(({ victim, at }) => recoveryOf(flight, victim, at)).filter(({ askedMs }) => askedMs.length > 0);
  return { blows: struck.length, askedMs: struck.flatMap((each) => each.askedMs), firstByteMs: struck.flatMap((each) => each.firstByteMs) };
}

/** Rounds until so many blows struck a holder which owed segments. */
async function measure(name: string, strike: NodeJS.Signals, blowsMin: number, goalMs: number): Promise<Measured> {
  const random = generator(SEED);
  const rounds: Measured[] = [];
  const blows = (): number => rounds.reduce((sum, each) => sum + each.blows, 0);
  while (blows() < blowsMin && rounds.length < ROUNDS_MAX) rounds.push(await round(`${name}-${rounds.length}`, random, strike));
  const measured = {
    blows: blows(),
    askedMs: rounds.flatMap(({ askedMs }) => askedMs),
    firstByteMs: rounds.flatMap(({ firstByteMs }) => firstByteMs),
  };
  const show = (samples: readonly number[]): string =>
    `p50 ${quantileOf(samples, 0.5).toFixed(0)} ms, p99 ${quantileOf(samples, 0.99).toFixed(0)} ms`;
  console.log(
    `${strike}: ${measured.blows} blows, ${measured.askedMs.length} lost segments asked of another after ${show(measured.askedMs)} ` +
      `(goal: p99 under ${goalMs} ms); their first byte after ${show(measured.firstByteMs)}`,
  );
  return measured;
}

describe('the segments of a struck holder', () => {
  it('that was killed are asked of another: 50 blows', async () => {
    const measured = await measure('killed', 'SIGKILL', 50, 1000);
    expect(measured.blows).toBeGreaterThanOrEqual(50);
    expect(Math.max(...measured.askedMs)).toBeLessThan(HANG_MS);
  });

  it('that was stopped are asked of another: 12 blows', async () => {
    const measured = await measure('stopped', 'SIGSTOP', 12, 2000);
    expect(measured.blows).toBeGreaterThanOrEqual(12);
    expect(Math.max(...measured.askedMs)).toBeLessThan(HANG_MS);
  });
});
