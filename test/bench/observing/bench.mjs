// npm run bench -- observing
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { generator, writeContent } from '../../tools/content.ts';
import { shuffled } from '../../tools/shuffled.ts';
import { bytesOf, choicesOf, wholeOf } from '../options.mjs';
import { median } from '../statistics.mjs';
import { printTable } from '../table.mjs';
import { startCollector } from './collector.mjs';
import { Lane } from './lane.mjs';

const GIB = 1024 ** 3;
const MODES = ['nothing', 'metrics', 'traces'];
/** What observing may add to the CPU seconds: metrics to those without, traces to those with metrics. */
const GOALS = { metrics: { over: 'nothing', ratio: 1.02 }, traces: { over: 'metrics', ratio: 1.05 } };
/** Downloaded before anything is counted: programs run for days, and what they do for the first time costs several times as much. */
const WARM_UP_BYTES = 256 * 1024 ** 2;

export const HELP = `npm run bench -- observing [options]

CPU seconds a GiB of the downloader and its holders together: with everything that counts taken out (nothing), as shipped
and scraped every 5 s (metrics), and with a trace of every download as well (traces). All three run side by side and download
in turns, in a new order each round, so that whatever else the machine does falls on all of them alike; each began with a
download of 256 MiB and a scrape that are not counted. Ratios of sums; and of sums when only what is added in user mode is
told apart, which is all that observing takes but for sending: the kernel's part is copies and pages, and varies most.
Beside them what new processes made of it each time: what is less than those differ nobody can tell.

  --lives N       new processes so many times; default 7
  --rounds N      in a life; default 5
  --size BYTES    default 1GiB
  --sources N     default 2
  --kind KIND     random or text; default random
  --seed N        default 1
  --json FILE
  --check         exit code 1 when metrics add more than 2 % or traces more than 5 % in user mode`;

export const OPTIONS = {
  lives: { type: 'string', default: '7' },
  rounds: { type: 'string', default: '5' },
  size: { type: 'string', default: '1GiB' },
  sources: { type: 'string', default: '2' },
  kind: { type: 'string', default: 'random' },
  seed: { type: 'string', default: '1' },
  json: { type: 'string' },
  check: { type: 'boolean', default: false },
};

export async function run(values) {
  const lives = wholeOf(values.lives, 'lives', { min: 1, max: 1000 });
  const rounds = wholeOf(values.rounds, 'rounds', { min: 1, max: 1000 });
  const bytes = bytesOf(values.size, 'size');
  const sources = wholeOf(values.sources, 'sources', { min: 1, max: 16 });
  const [kind] = choicesOf(values.kind, 'kind', ['random', 'text']);
  const seed = wholeOf(values.seed, 'seed', { min: 0, max: 2 ** 31 });
  const folder = await mkdtemp(join(tmpdir(), 'p2p-bench-'));
  const collector = await startCollector();
  const runs = [];
  const firstScrapes = [];
  try {
    const content = { path: join(folder, 'content'), bytes };
    const warmUp = { path: join(folder, 'warm-up'), bytes: Math.min(bytes, WARM_UP_BYTES) };
    await writeContent(content.path, { kind, bytes, seed });
    await writeContent(warmUp.path, { kind, bytes: warmUp.bytes, seed: seed + 1 });
    const random = generator(seed);
    for (let life = 0; life < lives; life++) {
      const lanes = new Map();
      try {
        for (const mode of shuffled(MODES, random)) {
          lanes.set(mode, await Lane.open(mode, { folder, files: [content, warmUp], sources, collector }));
          await lanes.get(mode).download(warmUp);
          if (mode === 'metrics') firstScrapes.push(await lanes.get(mode).scrape());
        }
        for (let round = 0; round < rounds; round++) {
          for (const mode of shuffled(MODES, random)) {
            const used = await lanes.get(mode).download(content);
            runs.push({ life, round, mode, ...used });
            process.stderr.write(`  ${life + 1}.${round + 1} ${mode}: CPU ${((used.cpuSeconds * GIB) / bytes).toFixed(2)} s/GiB\n`);
          }
        }
      } finally {
        for (const lane of lanes.values()) await lane.close();
      }
    }
  } finally {
    collector.close();
    await rm(folder, { recursive: true, force: true });
  }
  const summary = MODES.map((mode) => summaryOf(mode, { runs, lives, bytes }));
  printTable(
    ['observed by', 'CPU s/GiB', 'user s/GiB', 'ratio', 'by user time', 'of each life', 'goal'],
    summary.map(({ mode, cpuSecondsPerGib, userSecondsPerGib, ratio, userRatio, userRatios, goal }) => [
      mode,
      cpuSecondsPerGib,
      userSecondsPerGib,
      ratio?.toFixed(3),
      userRatio?.toFixed(3),
      userRatios?.map((each) => each.toFixed(2)).join(' '),
      goal?.toFixed(2),
    ]),
  );
  console.log(`the ratio of metrics is to nothing, that of traces to metrics; ${collector.requests} batches of spans were received`);
  console.log(`a scrape after the first download takes ${(median(firstScrapes) * 1000).toFixed(0)} ms of CPU`);
  if (values.json !== undefined) {
    await writeFile(
      resolve(values.json),
      `${JSON.stringify({ bench: 'observing', bytes, sources, kind, seed, summary, runs }, null, 2)}\n`,
    );
  }
  return values.check && summary.some(({ userRatio, goal }) => userRatio > goal) ? 1 : 0;
}

function summaryOf(mode, { runs, lives, bytes }) {
  const meanOf = (wanted, name, isCounted = () => true) => {
    const counted = runs.filter((each) => each.mode === wanted && isCounted(each));
    return (counted.reduce((sum, each) => sum + each[name], 0) * GIB) / bytes / counted.length;
  };
  const own = { mode, cpuSecondsPerGib: meanOf(mode, 'cpuSeconds'), userSecondsPerGib: meanOf(mode, 'userSeconds') };
  const goal = GOALS[mode];
  if (goal === undefined) return own;
  const userRatioOf = (isCounted) => {
    const added = meanOf(mode, 'userSeconds', isCounted) - meanOf(goal.over, 'userSeconds', isCounted);
    return 1 + added / meanOf(goal.over, 'cpuSeconds', isCounted);
  };
  return {
    ...own,
    goal: goal.ratio,
    ratio: own.cpuSecondsPerGib / meanOf(goal.over, 'cpuSeconds'),
    userRatio: userRatioOf(),
    userRatios: Array.from({ length: lives }, (_, life) => userRatioOf((each) => each.life === life)),
  };
}
