import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fleetOfFile } from './tools/fleet.ts';
import { DOWNLOADS, type PeerContainer } from './tools/peer-container.ts';

const MIB = 1024 * 1024;
const HUGE_BYTES = 2048 * MIB;
const LIMIT_BYTES = 256 * MIB;
const LOOK_INTERVAL_MS = 250;

const fleet = fleetOfFile(async (open) => {
  await open.startDiary();
});

/** Looks at what they have in use until `work` is done, and returns the most of each. */
async function peaks(containers: readonly PeerContainer[], work: Promise<unknown>): Promise<readonly number[]> {
  const most = containers.map(() => 0);
  const over = new AbortController();
  const watched = work.finally(() => over.abort());
  watched.catch(() => undefined);
  while (!over.signal.aborted) {
    const now = await Promise.all(containers.map((each) => each.memoryBytes()));
    for (const [index, bytes] of now.entries()) most[index] = Math.max(most[index] ?? 0, bytes);
    await sleep(LOOK_INTERVAL_MS);
  }
  await watched;
  return most;
}

describe(`with a memory limit of ${LIMIT_BYTES / MIB} MiB`, () => {
  it('2 GiB are shared, served and downloaded', async () => {
    const sha256 = await fleet().write('huge/huge.bin', { kind: 'random', bytes: HUGE_BYTES, seed: 5 });
    const holder = await fleet().startPeer({ id: 'limited-holder', shares: 'huge', memoryBytes: LIMIT_BYTES });
    const downloader = await fleet().startPeer({ id: 'limited-downloader', memoryBytes: LIMIT_BYTES });
    await downloader.listed('huge.bin', 1);
    const [serving = 0, downloading = 0] = await peaks([holder, downloader], downloader.get('huge.bin'));
    console.log(`2 GiB: the holder had ${(serving / MIB).toFixed(0)} MiB in use, the downloader ${(downloading / MIB).toFixed(0)} MiB`);
    expect(await downloader.sha256(`${DOWNLOADS}/huge.bin`)).toBe(sha256);
    for (const peer of [holder, downloader]) expect(await peer.state()).toMatchObject({ running: true, oomKilled: false });
    expect(Math.max(serving, downloading)).toBeLessThan(LIMIT_BYTES);
    await Promise.all([holder, downloader].map((each) => each.kill()));
  }, 300_000);
});

describe('a full disk', () => {
  it('is DISK_FULL, exit code 22, and the peer goes on', async () => {
    const small = await fleet().write('sizes/small.bin', { kind: 'random', bytes: MIB, seed: 6 });
    await fleet().write('sizes/large.bin', { kind: 'random', bytes: 32 * MIB, seed: 7 });
    await fleet().startPeer({ id: 'roomy', shares: 'sizes' });
    const full = await fleet().startPeer({ id: 'full', dataBytes: 16 * MIB });
    await full.listed('large.bin', 1);
    expect(await full.cli(['get', 'large.bin'])).toMatchObject({ code: 22, stderr: expect.stringMatching(/DISK_FULL: /) as string });
    await full.run(['cancel', '--discard', 'large.bin']).catch(() => undefined);
    await full.get('small.bin');
    expect(await full.sha256(`${DOWNLOADS}/small.bin`)).toBe(small);
  });
});

describe('a peer with another version of the protocol', () => {
  it('is refused by the diary, says so, and disturbs nobody', async () => {
    const version = join(fleet().folder, 'version.js');
    await writeFile(version, 'export const PROTOCOL_VERSION = 99;\n', { mode: 0o644 });
    const mounts = [{ source: version, target: '/app/libs/protocol/dist/version.js' }];
    await fleet().write('foreign/foreign.bin', { kind: 'random', bytes: MIB, seed: 8 });
    const foreign = await fleet().startPeer({ id: 'foreign', shares: 'foreign', mounts });
    await foreign.logged(({ code }) => code === 'VERSION_MISMATCH');
    const { code, stderr } = await foreign.cli(['get', 'small.bin']);
    expect({ code, stderr }).toMatchObject({ stderr: expect.stringMatching(/^[A-Z_]+: /) as string });
    expect(code).not.toBe(0);
    const peer = await fleet().startPeer({ id: 'usual' });
    const { stdout } = await peer.cli(['list']);
    expect(stdout).toContain('small.bin');
    expect(stdout).not.toContain('foreign.bin');
  });
});
