/** How many peers there are: what `kubectl scale`, upgrades and rollbacks make of it, and of the downloads meanwhile. */
import { describe, expect, it } from 'vitest';
import { labOfFile } from '../tools/lab.ts';
import { DOWNLOADS } from '../tools/peer-pod.ts';

const MIB = 1024 * 1024;
const PEERS = 'statefulset/p2p-peer';
/** 0.5 ms for every KiB: 2 MiB a second of each connection, so that there is time to scale while it runs. */
const SLOW = { peer: { replicas: 3, packetDelayMs: 0.5 } };
const FILE_BYTES = 24 * MIB;

const lab = labOfFile('scaling', async (open) => {
  await open.install({ values: SLOW });
});

const delay = async (): Promise<string> =>
  lab().kubectl(['get', 'pod/p2p-peer-0', '--output=jsonpath={.spec.containers[0].env[?(@.name=="P2P_PACKET_DELAY_MS")].value}']);
const replicas = async (): Promise<number> => Number(await lab().kubectl(['get', PEERS, '--output=jsonpath={.spec.replicas}']));

describe('during downloads', () => {
  it('scaled 3 → 8 → 2, every download finishes, byte for byte', async () => {
    const [first, second] = [lab().peer(0), lab().peer(1)];
    const [up, down] = [await first.shareRandom('up.bin', FILE_BYTES), await second.shareRandom('down.bin', FILE_BYTES)];
    await second.listed('up.bin');
    const growing = second.startGet('up.bin');
    await growing.reached(0.1);
    await lab().scale(8);
    const others = [3, 4, 5, 6, 7].map(async (number) => {
      await lab().peer(number).listed('down.bin');
      await lab().peer(number).get('down.bin');
    });
    await Promise.all([growing.done, ...others]);
    expect(await second.sha256(`${DOWNLOADS}/up.bin`)).toBe(up);
    expect(await Promise.all([3, 7].map((number) => lab().peer(number).sha256(`${DOWNLOADS}/down.bin`)))).toEqual([down, down]);
    // Six of those who serve this go away under it: what they owed is asked of those who stay.
    await first.listed('down.bin', 6);
    const shrinking = first.startGet('down.bin');
    await shrinking.reached(0.2);
    await lab().scale(2);
    const { report } = await shrinking.done;
    console.log(`sources: ${report.sources.map(({ source, segments, state }) => `${source} ${segments} ${state}`).join(', ')}`);
    expect(report.sources.length).toBeGreaterThan(2);
    expect(await first.sha256(`${DOWNLOADS}/down.bin`)).toBe(down);
    await first.listed('down.bin', 2);
  });
});

describe('an upgrade', () => {
  it('keeps what kubectl scale set while the value is unchanged', async () => {
    for (const major of [4, 3] as const) {
      await lab().upgrade({ major, values: { peer: { ...SLOW.peer, packetDelayMs: 0 } } });
      expect(await replicas()).toBe(2);
    }
    expect(await delay()).toBe('0');
  });

  it('with a changed value sets what that says', async () => {
    await lab().upgrade({ values: { peer: { replicas: 4 } } });
    await lab().settled(PEERS, 4);
    expect(await replicas()).toBe(4);
  });
});

describe('a rollback', () => {
  it('goes back to the peers and settings of that revision', async () => {
    await lab().helm(['rollback', 'p2p', '1', '--wait', '--timeout=120s']);
    await lab().settled(PEERS, 3);
    expect(await delay()).toBe('0.5');
    const history = JSON.parse(await lab().helm(['history', 'p2p', '--output=json'])) as readonly { readonly status: string }[];
    expect(history.map(({ status }) => status)).toEqual(['superseded', 'superseded', 'superseded', 'superseded', 'deployed']);
  });
});
