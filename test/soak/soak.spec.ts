// Downloads, joins and kills at random for a while: what the surviving programs hold is as much at the end as near the beginning.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generator, sha256Of, writeContent } from '../tools/content.ts';
import { eventually, metric } from '../tools/metrics.ts';
import { Stage, type Diary, type Peer } from '../tools/stage.ts';
import { listed, share, startGet } from '../tools/transfer.ts';

const SEED = Number(process.env['SOAK_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 1);
/** Until buffers, caches and the code itself are warm: measured from there. */
const WARM_SHARE = 0.4;
const MIB = 1024 * 1024;
const FILES = [0.1, 1.5, 4].map((mebibytes, index) => ({ name: `file-${index}.bin`, bytes: Math.round(mebibytes * MIB) }));
const SETTLE_MS = 60_000;

/** What may be more at the end: noise of a collector and of connections that are just closing, far below one leak a download. */
const GROWTH_MAX = { rssBytes: 48 * MIB, files: 6, timers: 6, resources: 12 };

interface Vitals {
  readonly rssBytes: number;
  readonly files: number;
  readonly timers: number;
  readonly resources: number;
}

let stage: Stage;
let diary: Diary;
let holder: Peer;
let downloader: Peer;
const contents = new Map<string, { readonly path: string; readonly sha256: string }>();
let rounds = 0;
let kills = 0;

beforeAll(async () => {
  console.log(`SOAK_SEED=${SEED} replays what happens, in ${MINUTES} min`);
  stage = await Stage.open();
  diary = await stage.startDiary();
  holder = await stage.startPeer({ id: 'holder' });
  downloader = await stage.startPeer({ id: 'downloader' });
  for (const [index, { name, bytes }] of FILES.entries()) {
    const path = await stage.path('shared', name);
    contents.set(name, { path, sha256: await writeContent(path, { kind: index === 1 ? 'text' : 'random', bytes, seed: index }) });
    await share(holder, path);
  }
});

afterAll(async () => {
  await stage.close();
});

/** Timers and sockets of the process are among Node's active resources. */
async function vitalsOf(metricsPort: number): Promise<Vitals> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const timers = /^nodejs_active_resources\{type="Timeout"\} (\d+)$/m.exec(text)?.[1] ?? '0';
  return {
    rssBytes: await metric(metricsPort, 'process_resident_memory_bytes'),
    files: await metric(metricsPort, 'process_open_fds'),
    timers: Number(timers),
    resources: await metric(metricsPort, 'nodejs_active_resources_total'),
  };
}

/** When nothing is under way and no connection of a round is left. */
async function settled(): Promise<readonly Vitals[]> {
  await eventually(
    () => metric(diary.metricsPort, 'p2p_diary_peers'),
    (peers) => peers === 2,
    SETTLE_MS,
  );
  await eventually(
    () => metric(downloader.metricsPort, 'p2p_download_sources'),
    (sources) => sources === 0,
    SETTLE_MS,
  );
  return Promise.all([diary, holder, downloader].map(({ metricsPort }) => vitalsOf(metricsPort)));
}

/** Another peer joins, downloads a file, serves it, and leaves or dies while the downloader fetches it from both. */
async function round(random: () => number): Promise<void> {
  rounds += 1;
  const file = FILES[Math.floor(random() * FILES.length)];
  const content = contents.get(file?.name ?? '');
  if (file === undefined || content === undefined) throw new Error('there is no such file');
  const guest = await stage.startPeer({ id: `guest-${rounds}`, delayMs: random() < 0.5 ? 0 : 0.1 });
  await startGet(guest, { target: file.name }).done;
  await listed(downloader, (lines) => lines.some(({ name, complete }) => name === file.name && complete === 2));
  const output = await stage.path('fetched', `${rounds}-${file.name}`);
  const get = startGet(downloader, { target: file.name, output });
  const dies = random() < 0.5;
  if (dies) {
    const bytes = random() * file.bytes;
    await get.status(({ verifiedBytes, state }) => verifiedBytes >= bytes || state === 'done');
    kills += 1;
    await guest.process.end();
  }
  const { output: written } = await get.done;
  expect(await sha256Of(written)).toBe(content.sha256);
  if (!dies) await guest.process.stop();
  const { code, stderr } = await downloader.cli(['unshare', file.name]);
  expect(stderr, `unshare ended with ${code}`).toBe('');
  await Promise.all([rm(output), rm(guest.dataDir, { recursive: true })]);
}

describe(`${MINUTES} min of downloads, joins and kills`, () => {
  it('leave memory, open files and timers of those who stay as they were', async () => {
    const random = generator(SEED);
    const startedAt = performance.now();
    const elapsed = (): number => (performance.now() - startedAt) / (MINUTES * 60_000);
    while (elapsed() < WARM_SHARE) await round(random);
    const warm = await settled();
    while (elapsed() < 1) await round(random);
    const end = await settled();
    for (const [index, program] of ['diary', 'holder', 'downloader'].entries()) {
      const [before, after] = [warm[index], end[index]];
      if (before === undefined || after === undefined) throw new Error(`no vitals of the ${program}`);
      console.log(`${program}: ${JSON.stringify(before)} then ${JSON.stringify(after)}, ${rounds} rounds, ${kills} kills`);
      for (const [what, growthMax] of Object.entries(GROWTH_MAX)) {
        const key = what as keyof Vitals;
        expect(after[key] - before[key], `${what} of the ${program}`).toBeLessThanOrEqual(growthMax);
      }
    }
    // More listeners than Node thinks sane are told on stderr.
    for (const { process: program } of [diary, holder, downloader]) expect(program.stderr).not.toContain('MaxListenersExceededWarning');
  });
});
