// A live diary and a live peer under a storm of frames and messages, while other peers download from that peer.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../tools/metrics.ts';
import type { ProgramProcess } from '../tools/program-process.ts';
import type { Account } from './account.ts';
import { diaryTarget, peerTarget, type Target } from './messages.ts';
import { INPUTS, MINUTES, SEED } from './settings.ts';
import { storm } from './storm.ts';
import { startSwarm, type Swarm } from './swarm.ts';
import { countsOf, peakDuring, vitalsOf, type Vitals } from './vitals.ts';

const MIB = 1024 * 1024;
const CUT_OFF = 'p2p_frames_rejected_total';
const REFUSED = 'p2p_requests_refused_total';

/** Of what the storm brings up, some belongs to a runtime that has been busy: memory before is measured after so many inputs. */
const WARM_UP_INPUTS = 10_000;
/** Above that, at any time. A leak of 1 KiB an input would be 100 MiB. */
const RSS_RISE_BYTES_MAX = 300 * MIB;
/** Above that, once it has been quiet. */
const RSS_LEFT_BYTES_MAX = 128 * MIB;
/** Files and sockets that may stay open: of the file that is served, of a scrape. */
const OPEN_FILES_LEFT_MAX = 10;
/** Of lines about connections that were cut off; hundreds are cut off in a second. */
const LINES_PER_SECOND_MAX = 2;
/** Warming up, and windows of ten seconds that have only begun. */
const SECONDS_AROUND = 40;
const QUIET_DEADLINE_MS = 60_000;
/** Other peers are never answered with these: all of them are the storm's. */
const STORM_ONLY = ['BAD_REQUEST', 'VERSION_MISMATCH', 'NOT_JOINED', 'PEER_ID_TAKEN', 'LIMIT_EXCEEDED', 'INTERNAL'];

interface Shot {
  readonly target: Target;
  readonly program: ProgramProcess;
  readonly pid: number;
  readonly metricsPort: number;
}

let swarm: Swarm;
let shots: readonly Shot[];

beforeAll(async () => {
  console.log(`FUZZ_SEED=${SEED} FUZZ_MINUTES=${MINUTES}`);
  swarm = await startSwarm(SEED);
  const { diary, target, smallFileId } = swarm;
  shots = [
    { target: diaryTarget(diary.port), program: diary.process, pid: diary.process.pid, metricsPort: diary.metricsPort },
    { target: peerTarget(target.peerPort, smallFileId), program: target.process, pid: target.process.pid, metricsPort: target.metricsPort },
  ];
});

afterAll(() => swarm.stage.close());

it(
  'a storm of frames and messages leaves both as they were, every rejection counted, and downloads beside it whole',
  async () => {
    for (const { target } of shots) expect(await storm(target, { seed: SEED + 1, inputs: WARM_UP_INPUTS })).toMatchObject({ problems: [] });
    const before = await Promise.all(shots.map(observe));
    const endAt = performance.now() + MINUTES * 60_000;
    const beganAt = performance.now();
    const over = new AbortController();
    let downloads = 0;
    const business = (async () => {
      do await swarm.download(`downloader-${downloads++}`);
      while (!over.signal.aborted);
    })();
    // It fails at its end, like everything else that went wrong.
    business.catch(() => undefined);
    const stormed = await Promise.all(
      shots.map(({ target, pid }) =>
        peakDuring(pid, () => storm(target, { seed: SEED, inputs: INPUTS / shots.length, isOver: () => performance.now() >= endAt })),
      ),
    );
    over.abort();
    const seconds = (performance.now() - beganAt) / 1000;
    const inputs = stormed.reduce((sum, { result }) => sum + result.inputs, 0);
    console.log(`${inputs} inputs in ${seconds.toFixed(1)} s`);
    await business;
    console.log(`${downloads} downloads beside it, all byte-identical`);
    for (const [index, shot] of shots.entries()) {
      const { result: account, peakBytes } = stormed[index] as { readonly result: Account; readonly peakBytes: number };
      const first = before[index] as Observation;
      console.log(`${shot.target.name}: ${account.summary()}`);
      const now = await observe(shot);
      expectAccounted(account, difference(now.cutOff, first.cutOff), difference(now.refused, first.refused));
      const left = await quiet(shot, first.vitals);
      const mib = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`;
      console.log(
        `${shot.target.name}: RSS ${mib(first.vitals.rssBytes)} before, ${mib(peakBytes)} at most, ${mib(left.rssBytes)} after; ` +
          `open files ${first.vitals.openFiles} before, ${left.openFiles} after`,
      );
      // One who sends rubbish must not fill the disk with lines about it.
      expect(shot.program.lines.filter(({ event }) => event === 'frame_rejected').length).toBeLessThan(
        LINES_PER_SECOND_MAX * (SECONDS_AROUND + seconds),
      );
      expect(peakBytes - first.vitals.rssBytes).toBeLessThan(RSS_RISE_BYTES_MAX);
    }
    expect(inputs).toBeGreaterThanOrEqual(INPUTS);
    await swarm.stage.stop();
  },
  MINUTES * 60_000 + 200_000,
);

interface Observation {
  readonly vitals: Vitals;
  readonly cutOff: ReadonlyMap<string, number>;
  readonly refused: ReadonlyMap<string, number>;
}

async function observe({ pid, metricsPort }: Shot): Promise<Observation> {
  const [cutOff, refused] = await Promise.all([countsOf(metricsPort, CUT_OFF), countsOf(metricsPort, REFUSED)]);
  return { vitals: await vitalsOf(pid), cutOff, refused };
}

/** Until files and memory are as before, nearly. */
function quiet({ pid }: Shot, before: Vitals): Promise<Vitals> {
  return eventually(
    () => vitalsOf(pid),
    ({ openFiles, rssBytes }) => openFiles <= before.openFiles + OPEN_FILES_LEFT_MAX && rssBytes <= before.rssBytes + RSS_LEFT_BYTES_MAX,
    QUIET_DEADLINE_MS,
  );
}

/** What was counted is what was sent: connections cut off by reason exactly, refused requests as far as they were the storm's alone. */
function expectAccounted(account: Account, cutOff: ReadonlyMap<string, number>, refused: ReadonlyMap<string, number>): void {
  expect(account.problems).toEqual([]);
  expect(Object.fromEntries([...cutOff].filter(([, count]) => count > 0))).toEqual(Object.fromEntries(account.cutOff));
  for (const [code, count] of refused) {
    const sent = account.refused.get(code) ?? 0;
    expect(count, code).toBeGreaterThanOrEqual(code === 'CANCELLED' ? 0 : sent);
    expect(count, code).toBeLessThanOrEqual(STORM_ONLY.includes(code) ? sent + account.unread : Infinity);
  }
}

function difference(now: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return new Map([...now].map(([label, count]) => [label, count - (before.get(label) ?? 0)]));
}
