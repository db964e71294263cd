import { expect, it } from 'vitest';
import { eventually } from '../tools/metrics.ts';
import { fleetOfFile } from './tools/fleet.ts';
import { DOWNLOADS, type PeerContainer } from './tools/peer-container.ts';

const MIB = 1024 * 1024;
/** 1 MB/s a holder: the downloads outlast the restarts of all. */
const DELAY_MS = 1;
const FILE_BYTES = 24 * MIB;
const DONE_DEADLINE_MS = 120_000;

let sha256: string;
let holders: readonly PeerContainer[];
let downloaders: readonly PeerContainer[];

fleetOfFile(async (open) => {
  sha256 = await open.write('all/file.bin', { kind: 'random', bytes: FILE_BYTES, seed: 21 });
  await open.startDiary();
  const options = { shares: 'all', delayMs: DELAY_MS };
  holders = await Promise.all([1, 2].map((number) => open.startPeer({ id: `holder-${number}`, ...options })));
  downloaders = await Promise.all([1, 2].map((number) => open.startPeer({ id: `downloader-${number}`, delayMs: DELAY_MS })));
});

it('all peers are restarted one after the other while downloads run, and none fails', async () => {
  await Promise.all(
    downloaders.map(async (each) => {
      await each.listed('file.bin', holders.length);
      await each.run(['get', '--detach', 'file.bin']);
    }),
  );
  for (const peer of [...holders, ...downloaders]) {
    await peer.stop();
    expect(await peer.state()).toMatchObject({ exitCode: 0 });
    await peer.start();
  }
  const progress = await Promise.all(downloaders.map((each) => each.metric('p2p_downloads_active')));
  console.log(`after the last restart ${progress.join(' and ')} downloads were under way`);
  for (const each of downloaders) {
    await eventually(
      () => each.metric('p2p_downloads_active'),
      (active) => active === 0,
      DONE_DEADLINE_MS,
    );
    expect(await each.sha256(`${DOWNLOADS}/file.bin`)).toBe(sha256);
    const failures = (await each.log()).filter(({ event }) => event === 'download.failed');
    expect(failures).toEqual([]);
  }
}, 240_000);
