import { describe, expect, it } from 'vitest';
import { fleetOfFile } from './tools/fleet.ts';
import { DOWNLOADS, type Done, type PeerContainer } from './tools/peer-container.ts';
import type { ProgramContainer } from './tools/program-container.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 8 * MIB;
/** 1 MB/s a holder: two take four seconds, in which there is time to strike. */
const DELAY_MS = 1;
/** A holder that fell silent is given up within seconds; a download that waits longer for it hangs. */
const DEADLINE_MS = 60_000;

const files = new Map<string, string>();
let diary: ProgramContainer;
let holders: readonly PeerContainer[];
let downloader: PeerContainer;

const fleet = fleetOfFile(async (open) => {
  for (let number = 1; number <= 8; number += 1) {
    const name = `file-${number}.bin`;
    files.set(name, await open.write(`all/${name}`, { kind: 'random', bytes: FILE_BYTES, seed: number }));
  }
  diary = await open.startDiary();
  holders = await Promise.all([1, 2].map((number) => open.startPeer({ id: `holder-${number}`, shares: 'all', delayMs: DELAY_MS })));
  downloader = await open.startPeer({ id: 'downloader' });
});

function holder(index: number): PeerContainer {
  const found = holders[index];
  if (found === undefined) throw new Error(`there is no holder ${index}`);
  return found;
}

/** Downloads a file, does this a quarter of the way, and returns the download at its end, its content checked. */
async function struck(name: string, blow: () => Promise<void>): Promise<Done> {
  await downloader.listed(name, 2);
  const get = downloader.get(name);
  get.catch(() => undefined);
  await downloader.progressed(0.25, DEADLINE_MS);
  await blow();
  const done = await get;
  expect(await downloader.sha256(`${DOWNLOADS}/${name}`)).toBe(files.get(name));
  return done;
}

const redistributedIn = ({ report }: Done): number => Object.values(report?.redistributed ?? {}).reduce((sum, count) => sum + count, 0);

describe('a download goes on, and ends byte for byte right, when one of its two holders is', () => {
  it('killed', async () => {
    await struck('file-1.bin', () => holder(0).kill());
    await holder(0).start();
  });

  it('stopped', async () => {
    const done = await struck('file-2.bin', () => holder(0).stop());
    expect((await holder(0).state()).exitCode).toBe(0);
    // What it owed it has delivered.
    expect(done.report?.redistributed['source_silent'] ?? 0).toBe(0);
    await holder(0).start();
  });

  it('paused: silent, its connections open', async () => {
    const done = await struck('file-3.bin', () => holder(0).pause());
    await holder(0).unpause();
    expect(redistributedIn(done)).toBeGreaterThan(0);
  });

  it('disconnected from the network', async () => {
    const done = await struck('file-4.bin', () => holder(0).disconnect());
    await holder(0).connect();
    expect(redistributedIn(done)).toBeGreaterThan(0);
  });
});

describe('a download goes on when the diary is', () => {
  it('killed and started again', async () => {
    await struck('file-5.bin', async () => {
      await diary.kill();
      await diary.start();
    });
  });

  it('paused', async () => {
    await struck('file-6.bin', () => diary.pause());
    await diary.unpause();
  });

  it('restarted', async () => {
    await struck('file-7.bin', async () => {
      await diary.stop();
      await diary.start();
    });
  });
});

describe('when all holders are gone', () => {
  it('the download waits, and goes on with the one that comes back under a new address', async () => {
    const before = await holder(0).address();
    await struck('file-8.bin', async () => {
      await Promise.all(holders.map((each) => each.kill()));
      await downloader.logged(({ event }) => event === 'download.waiting');
      // Docker gives the lowest free addresses: theirs.
      for (const id of ['in-the-way-1', 'in-the-way-2']) await fleet().startPeer({ id });
      await holder(0).start();
    });
    const after = await holder(0).address();
    console.log(`it came back from ${before} as ${after}`);
    expect(after).not.toBe(before);
  });
});
