import { access, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCommand } from '../../tools/command.ts';
import { writeContent } from '../../tools/content.ts';
import { finish, startDownloader, startHolders } from '../../tools/fleet.ts';
import { endOf } from '../../tools/no-hang.ts';
import { SmallDisk, smallDiskLacks } from '../../tools/small-disk.ts';
import { Stage } from '../../tools/stage.ts';
import { startGet } from '../../tools/transfer.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 4 * MIB;
const SEGMENT_BYTES = 64 * 1024;
/** Room for the file and for what a peer keeps beside it. */
const DISK_BYTES = 16 * MIB;
/** What does not fit of the file: its last segments. */
const LACKING_BYTES = MIB / 2;
/** 1 MB/s: three seconds are left for the disk to be filled in. */
const DELAY_MS = 1;
const END_MS = 30_000;
const PEER = fileURLToPath(new URL('../../../apps/peer/bin/p2p-peer.js', import.meta.url));
const name = 'file.bin';

const lacks = smallDiskLacks();
if (lacks !== undefined) console.log(`full and read-only disks are skipped: ${lacks}`);

let stage: Stage;

beforeEach(async () => {
  stage = await Stage.open();
});

afterEach(async () => {
  await stage.close();
});

describe.skipIf(lacks !== undefined)('a disk that is full when the last segments come', () => {
  it('the download fails with DISK_FULL, keeps what it verified, and goes on from there when there is room', async () => {
    const path = await stage.path('shared', name);
    const sha256 = await writeContent(path, { kind: 'random', bytes: FILE_BYTES, seed: 31 });
    const dataDir = await stage.path('small');
    await using disk = await SmallDisk.mount(dataDir, DISK_BYTES);
    await stage.startDiary();
    await startHolders(stage, path, [{ id: 'holder', delayMs: DELAY_MS }]);
    const downloader = await startDownloader(stage, { id: 'downloader', name, holders: 1, dataDir });
    const freeBytes = await disk.freeBytes();
    const get = startGet(downloader, { target: name });
    const { verifiedBytes: had } = await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 8);
    const ballast = await disk.fill(freeBytes - FILE_BYTES + LACKING_BYTES);
    const { code, stderr, last } = await endOf(get, 'a full disk');
    expect(stderr).toContain('DISK_FULL');
    expect(code).toBe(22);
    expect(downloader.process.exit).toBeUndefined();
    await expect(access(last?.output ?? '')).rejects.toThrow('ENOENT');
    const kept = last?.verifiedBytes ?? 0;
    expect(kept).toBeGreaterThanOrEqual(had);
    await rm(ballast);
    const fetched = await finish(startGet(downloader, { target: name }));
    expect(fetched.sha256).toBe(sha256);
    expect(fetched.status.report.resumedBytes).toBeGreaterThanOrEqual(kept);
    expect(fetched.status.report.resumedBytes % SEGMENT_BYTES).toBe(0);
    await stage.stop();
  });
});

describe.skipIf(lacks !== undefined)('a data directory that cannot be written', () => {
  it('the peer ends at once with a named failure that names it', async () => {
    const dataDir = await stage.path('read-only');
    await using disk = await SmallDisk.mount(dataDir, DISK_BYTES);
    await disk.makeReadOnly();
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([variable]) => !variable.startsWith('P2P_')));
    const env = {
      ...inherited,
      P2P_DATA_DIR: dataDir,
      P2P_PEER_ID: 'peer',
      P2P_PEER_PORT: '0',
      P2P_METRICS_PORT: '0',
      P2P_CONTROL_PORT: '0',
    };
    const { code, stdout, stderr } = await startCommand(PEER, [], { env, deadlineMs: END_MS }).result;
    expect(stderr).toMatch(/^DISK_FAILED: .*P2P_DATA_DIR.*\n$/);
    expect(stderr).toContain(dataDir);
    expect(stdout).toBe('');
    expect(code).toBe(23);
  });
});
