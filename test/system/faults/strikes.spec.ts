import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generator, writeContent } from '../../tools/content.ts';
import { choose, faultSeed } from '../../tools/fault-seed.ts';
import { finishMoving } from '../../tools/no-hang.ts';
import { Stage, type Peer } from '../../tools/stage.ts';
import { listed, redistributedIn, startGet } from '../../tools/transfer.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 6 * MIB;
const HOLDERS = 4;
/** 2.5 MB/s a holder: the last one alone still ends within seconds. */
const DELAY_MS = 0.4;
/** Strikes fall in this part of the file: later ones may come when nothing is owed any more. */
const STRIKE_UNTIL = 0.8;
const PAUSE_MS = 2000;

const FAULTS = ['SIGKILL', 'SIGSTOP', 'SIGSTOP for 2 s', 'SIGTERM'] as const;
type Fault = (typeof FAULTS)[number];
const COUNTS = [
  ['one', 1],
  ['two at once', 2],
  ['all but one', HOLDERS - 1],
] as const;

const seed = faultSeed();
const CASES = FAULTS.flatMap((fault) => COUNTS.map(([title, count]) => ({ fault, title, count })));
const nameOf = (index: number): string => `file-${index}.bin`;

let stage: Stage;
let holders: Peer[];
let downloader: Peer;
const hashes: string[] = [];

beforeAll(async () => {
  stage = await Stage.open();
  await stage.startDiary();
  for (const index of CASES.keys()) {
    const path = await stage.path('shared', nameOf(index));
    hashes.push(await writeContent(path, { kind: 'random', bytes: FILE_BYTES, seed: index }));
  }
  holders = await Promise.all(Array.from({ length: HOLDERS }, (_, index) => startHolder(`holder-${index + 1}`)));
  downloader = await stage.startPeer({ id: 'downloader' });
});

const startHolder = (id: string): Promise<Peer> => stage.startPeer({ id, delayMs: DELAY_MS, shareDir: join(stage.folder, 'shared') });

/** Everyone who was ended is back, for the next case. */
async function restore(): Promise<void> {
  holders = await Promise.all(holders.map(async (holder) => (holder.process.exit === undefined ? holder : startHolder(holder.id))));
}

afterAll(async () => {
  await stage.close();
});

async function strike({ process }: Peer, fault: Fault): Promise<void> {
  process.kill(fault === 'SIGSTOP for 2 s' ? 'SIGSTOP' : fault);
  if (fault !== 'SIGSTOP for 2 s') return;
  // The pause is the fault.
  await delay(PAUSE_MS);
  process.kill('SIGCONT');
}

describe(`of ${HOLDERS} holders at random moments`, () => {
  it.each(CASES.map((each, index) => ({ ...each, index })))(
    '$fault of $title > the download is byte-identical and never stands still',
    async ({ fault, title, count, index }) => {
      const name = nameOf(index);
      // Each case has its own numbers, so that one of them replays alone.
      const random = generator(seed + index);
      await listed(downloader, (lines) => lines.some((line) => line.name === name && line.complete === HOLDERS));
      const chosen = choose(holders, count, random);
      // Two at once are struck in one moment; otherwise each has its own.
      const together = (chosen[0]?.at ?? 0) * STRIKE_UNTIL;
      const victims = chosen.map(({ item, at }) => ({ holder: item, at: count === 2 ? together : at * STRIKE_UNTIL }));
      const get = startGet(downloader, { target: name });
      const moments = victims.map(({ holder, at }) => `${holder.id} at ${Math.round(at * 100)} %`).join(', ');
      const what = `seed ${seed}, ${fault} of ${title}: ${moments}`;
      const strikes = victims.map(async ({ holder, at }) => {
        await get.status(({ state, verifiedBytes }) => state !== 'preparing' && verifiedBytes >= at * FILE_BYTES);
        await strike(holder, fault);
      });
      const fetched = await finishMoving(get, what);
      await Promise.all(strikes);
      const { report, totalMs } = fetched.status;
      console.log(`${what}; ${Math.round(totalMs)} ms, ${redistributedIn(report)} redistributed, ${report.wastedBytes} bytes wasted`);
      expect(fetched.sha256).toBe(hashes[index]);
      expect(report.rejected).toBe(0);
      // Whoever was asked to leave has left in order; whoever stands still for good is ended.
      if (fault !== 'SIGTERM' && fault !== 'SIGSTOP for 2 s') await Promise.all(victims.map(({ holder }) => holder.process.end()));
      const leaving = fault === 'SIGTERM' ? victims : [];
      const exits = await Promise.all(leaving.map(({ holder }) => holder.process.exited));
      expect(exits).toEqual(leaving.map(() => ({ code: 0, signal: null })));
      await restore();
    },
  );
});
