// npm run bench -- observing
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { generator, writeContent } from '../../tools/content.ts';
import { Stage } from '../../tools/stage.ts';
import { finished, listed, share, start } from '../control.mjs';
import { bytesOf, choicesOf, wholeOf } from '../options.mjs';
import { prepare } from '../pages.mjs';
import { shuffled } from '../../tools/shuffled.ts';
import { median } from '../statistics.mjs';
import { printTable } from '../table.mjs';
import { cpuSecondsOf, userSecondsOf } from '../usage.mjs';

const GIB = 1024 ** 3;
const MODES = ['nothing', 'metrics', 'traces'];
/** What observing may add to the CPU seconds: metrics to those without, traces to those with metrics. */
const GOALS = { metrics: { over: 'nothing', ratio: 1.02 }, traces: { over: 'metrics', ratio: 1.05 } };
/** One scrape a download: every 15 s is usual, and a GiB takes less. */
const SCRAPE_AFTER_MS = 500;

export const HELP = `npm run bench -- observing [options]

CPU seconds a GiB of the downloader and its holders together: with everything that counts taken out (nothing), as shipped
and scraped once (metrics), and with a trace of every download as well (traces). The order is shuffled in every
round. Ratios of medians; of the least, which other work on the machine moves less; and of the medians when only user
time is told apart, which is all that observing takes but for sending: the kernel's part is copies and pages, and varies
most. With the spread of a mode's own runs beside them: what is smaller than that nobody can tell.

  --rounds N      default 7
  --size BYTES    default 1GiB
  --sources N     default 2
  --kind KIND     random or text; default random
  --seed N        default 1
  --json FILE
  --check         exit code 1 when metrics cost more than 2 % or traces more than 5 %`;

export const OPTIONS = {
  rounds: { type: 'string', default: '7' },
  size: { type: 'string', default: '1GiB' },
  sources: { type: 'string', default: '2' },
  kind: { type: 'string', default: 'random' },
  seed: { type: 'string', default: '1' },
  json: { type: 'string' },
  check: { type: 'boolean', default: false },
};

export async function run(values) {
  const rounds = wholeOf(values.rounds, 'rounds', { min: 1, max: 1000 });
  const bytes = bytesOf(values.size, 'size');
  const sources = wholeOf(values.sources, 'sources', { min: 1, max: 16 });
  const [kind] = choicesOf(values.kind, 'kind', ['random', 'text']);
  const seed = wholeOf(values.seed, 'seed', { min: 0, max: 2 ** 31 });
  const folder = await mkdtemp(join(tmpdir(), 'p2p-bench-'));
  const sink = await startSink();
  const runs = [];
  try {
    const path = join(folder, 'content');
    await writeContent(path, { kind, bytes, seed });
    const random = generator(seed);
    for (let round = 0; round < rounds; round++) {
      for (const mode of shuffled(MODES, random)) {
        const memory = prepare('warm', { folder, bytes });
        const options = { folder, path, bytes, sources, memory, env: envOf(mode, sink), isScraped: mode !== 'nothing' };
        const outcome = await measure(options).finally(() => memory.stop());
        runs.push({ round, mode, ...outcome });
        process.stderr.write(`  ${round + 1} ${mode}: CPU ${outcome.cpuSecondsPerGib.toFixed(2)} s/GiB\n`);
      }
    }
  } finally {
    sink.close();
    await rm(folder, { recursive: true, force: true });
  }
  const summary = MODES.map((mode) => summaryOf(mode, runs));
  printTable(
    ['observed by', 'CPU s/GiB', 'user s/GiB', 'ratio', 'of least', 'by user time', 'goal', 'own spread'],
    summary.map(({ mode, cpuSecondsPerGib, userSecondsPerGib, ratio, leastRatio, userRatio, goal, spread }) => [
      mode,
      cpuSecondsPerGib,
      userSecondsPerGib,
      ratio?.toFixed(3),
      leastRatio?.toFixed(3),
      userRatio?.toFixed(3),
      goal?.toFixed(2),
      `±${(spread * 50).toFixed(1)} %`,
    ]),
  );
  console.log(`the ratio of metrics is to nothing, that of traces to metrics; ${sink.requests} batches of spans were received`);
  if (values.json !== undefined) {
    await writeFile(
      resolve(values.json),
      `${JSON.stringify({ bench: 'observing', bytes, sources, kind, seed, summary, runs }, null, 2)}\n`,
    );
  }
  return values.check && summary.some(({ ratio, goal }) => ratio > goal) ? 1 : 0;
}

function summaryOf(mode, runs) {
  const of = (wanted, name) => runs.filter((each) => each.mode === wanted).map((each) => each[name]);
  const own = of(mode, 'cpuSecondsPerGib');
  const cpuSecondsPerGib = median(own);
  const userSecondsPerGib = median(of(mode, 'userSecondsPerGib'));
  const all = { mode, cpuSecondsPerGib, userSecondsPerGib, spread: (Math.max(...own) - Math.min(...own)) / cpuSecondsPerGib };
  const goal = GOALS[mode];
  if (goal === undefined) return all;
  const other = of(goal.over, 'cpuSecondsPerGib');
  const addedSeconds = userSecondsPerGib - median(of(goal.over, 'userSecondsPerGib'));
  return {
    ...all,
    goal: goal.ratio,
    ratio: cpuSecondsPerGib / median(other),
    leastRatio: Math.min(...own) / Math.min(...other),
    userRatio: 1 + addedSeconds / median(other),
  };
}

function envOf(mode, sink) {
  if (mode === 'traces') return { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url };
  return mode === 'metrics' ? {} : { NODE_OPTIONS: `--import=${new URL('no-metrics.mjs', import.meta.url).href}` };
}

/** New processes each time; their start is not counted. */
async function measure({ folder, path, bytes, sources, memory, env, isScraped }) {
  const stageFolder = join(folder, 'stage');
  await using stage = await Stage.open({ folder: stageFolder });
  await stage.startDiary();
  const holders = await Promise.all(Array.from({ length: sources }, (_, index) => stage.startPeer({ id: `holder-${index}`, env })));
  await Promise.all(holders.map((holder) => share(holder, path)));
  const loader = await stage.startPeer({ id: 'loader', env });
  await listed(loader, 'content', sources);
  const peers = [...holders, loader];
  const scrape = () =>
    void Promise.all(peers.map(({ metricsPort }) => fetch(`http://127.0.0.1:${metricsPort}/metrics`).then((answer) => answer.text())));
  const scraping = isScraped ? setTimeout(scrape, SCRAPE_AFTER_MS) : undefined;
  const sumOf = (secondsOf) => peers.reduce((sum, { process: { pid } }) => sum + secondsOf(pid), 0);
  const before = { cpu: sumOf(cpuSecondsOf), user: sumOf(userSecondsOf) };
  memory.release();
  try {
    const { id } = await start(loader, 'content', join(stageFolder, 'output'));
    await finished(loader, id);
    const perGib = (seconds) => (seconds * GIB) / bytes;
    return {
      cpuSecondsPerGib: perGib(sumOf(cpuSecondsOf) - before.cpu),
      userSecondsPerGib: perGib(sumOf(userSecondsOf) - before.user),
    };
  } finally {
    clearTimeout(scraping);
    await stage.stop();
    await rm(stageFolder, { recursive: true, force: true });
  }
}

/** Takes whatever traces come. */
async function startSink() {
  const sink = { requests: 0, url: '', close: () => server.close() };
  const server = createServer((request, response) => {
    sink.requests++;
    request.resume();
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  sink.url = `http://127.0.0.1:${server.address().port}`;
  return sink;
}
