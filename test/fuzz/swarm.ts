// A diary and peers that go about their business while one of the peers and the diary are under fire.
import { basename } from 'node:path';
import { writeContent } from '../tools/content.ts';
import { fetchOnce, startHolders } from '../tools/fleet.ts';
import { Stage, type Diary, type Peer } from '../tools/stage.ts';
import { listed, share, type CatalogueLine, type Report } from '../tools/transfer.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 24 * MIB;
/** Some 2 MB/s a holder: a download takes long enough to be under way whatever the storm does. */
const DELAY_MS = 0.5;
/** Longer than any connection of a storm lives: a lease that ends closes its connection, and no account could tell why. */
const LEASE_TTL_MS = 120_000;

export interface Swarm {
  readonly stage: Stage;
  readonly diary: Diary;
  /** Holds the file and is shot at. */
  readonly target: Peer;
  /** Holds it too. */
  readonly other: Peer;
  readonly largeFile: CatalogueLine;
  /** Of a file of ten bytes that the target holds too, to be asked for. */
  readonly smallFileId: string;
  /** Lets a new peer download the large file, once it knows of so many holders (2). Throws when it does not end byte-identical. */
  download(id: string, holders?: number): Promise<Report>;
}

export async function startSwarm(seed: number): Promise<Swarm> {
  const stage = await Stage.open();
  try {
    const large = await stage.path('shared', 'large.bin');
    const small = await stage.path('shared', 'small.bin');
    const sha256 = await writeContent(large, { kind: 'random', bytes: FILE_BYTES, seed });
    await writeContent(small, { kind: 'random', bytes: 10, seed });
    const diary = await stage.startDiary({ env: { P2P_LEASE_TTL_MS: String(LEASE_TTL_MS) } });
    const [target, other] = await startHolders(stage, large, [
      { id: 'target', delayMs: DELAY_MS },
      { id: 'other', delayMs: DELAY_MS },
    ]);
    if (target === undefined || other === undefined) throw new Error('no peer was started');
    await share(target, small);
    const lines = await listed(target, (each) => each.some(({ name, complete }) => name === 'small.bin' && complete === 1));
    const [smallFile, largeFile] = ['small.bin', 'large.bin'].map((each) => lines.find(({ name }) => name === each));
    if (smallFile === undefined || largeFile === undefined) throw new Error(`not everything is listed: ${JSON.stringify(lines)}`);
    const download = async (id: string, holders = 2): Promise<Report> => {
      const fetched = await fetchOnce(stage, { id, path: large, holders });
      if (fetched.sha256 !== sha256) throw new Error(`${basename(large)} arrived at ${id} as ${fetched.sha256}, not ${sha256}`);
      return fetched.status.report;
    };
    return { stage, diary, target, other, largeFile, smallFileId: smallFile.id, download };
  } catch (error) {
    await stage.close();
    throw error;
  }
}
