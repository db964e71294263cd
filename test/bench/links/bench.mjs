// npm run bench -- links
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { writeContent } from '../../tools/content.ts';
import { choicesOf, wholeOf, wholesOf } from '../options.mjs';
import { median } from '../statistics.mjs';
import { printTable } from '../table.mjs';
import { PAYLOAD_SHARE } from '../../tools/network-namespace.ts';
import { Network, runInside } from './network.mjs';
import { SCENARIOS, scenariosOf } from './scenarios.mjs';

export const HELP = `npm run bench -- links [options]

The shipped programs on machines with links of a known rate (network namespaces and token buckets; needs root): N sources,
one slow of three, one killed of three, eight downloaders of one holder. The ratio is to what the links can carry: the
fluid optimum of the payload that fits into their frames, without any latency or start.

  --scenarios LIST   default ${Object.keys(SCENARIOS).join(',')}
  --sources LIST     of the scenario "sources"; default 1,2,3,4,5,6,7,8
  --mbit N           rate of a link; default 100
  --seconds N        how long the optimum takes, about; default 4
  --rounds N         default 1
  --json FILE`;

export const OPTIONS = {
  scenarios: { type: 'string', default: Object.keys(SCENARIOS).join(',') },
  sources: { type: 'string', default: '1,2,3,4,5,6,7,8' },
  mbit: { type: 'string', default: '100' },
  seconds: { type: 'string', default: '4' },
  rounds: { type: 'string', default: '1' },
  json: { type: 'string' },
};

export async function run(values) {
  const scenarios = choicesOf(values.scenarios, 'scenarios', Object.keys(SCENARIOS));
  const sources = wholesOf(values.sources, 'sources', { min: 1, max: 32 });
  const rateBytes = (wholeOf(values.mbit, 'mbit', { min: 1, max: 10_000 }) * 1e6) / 8;
  const seconds = wholeOf(values.seconds, 'seconds', { min: 1, max: 600 });
  const rounds = wholeOf(values.rounds, 'rounds', { min: 1, max: 1000 });
  const code = await runInside();
  if (code !== undefined) return code;

  const runs = [];
  for (let round = 0; round < rounds; round++) {
    for (const scenario of scenariosOf(scenarios, { sources, rateBytes, seconds })) {
      const outcome = await measure(scenario);
      runs.push({ round, title: scenario.title, bytes: scenario.bytes, ...outcome });
      process.stderr.write(`  ${round + 1} ${scenario.title}: ${outcome.seconds.toFixed(2)} s, optimum ${outcome.optimum.toFixed(2)} s\n`);
    }
  }
  const summary = [...Map.groupBy(runs, ({ title }) => title)].map(([title, group]) => ({
    title,
    megabytes: group[0].bytes / 1e6,
    optimum: median(group.map(({ optimum }) => optimum)),
    seconds: median(group.map((each) => each.seconds)),
    ratio: median(group.map((each) => each.seconds / each.optimum)),
    wasted: Math.max(...group.map(({ wastedBytes, bytes }) => wastedBytes / bytes)),
  }));
  printTable(
    ['links', 'MB', 'optimum s', 's', 'ratio', 'wasted %'],
    summary.map((row) => [row.title, row.megabytes, row.optimum, row.seconds, row.ratio, row.wasted * 100]),
  );
  if (values.json !== undefined) {
    await writeFile(
      resolve(values.json),
      `${JSON.stringify({ bench: 'links', rateBytes, payloadShare: PAYLOAD_SHARE, summary, runs }, null, 2)}\n`,
    );
  }
  return 0;
}

async function measure({ bytes, perform }) {
  const folder = await mkdtemp(join(tmpdir(), 'p2p-bench-'));
  const network = new Network();
  try {
    const path = join(folder, 'file');
    await writeContent(path, { kind: 'random', bytes, seed: 1 });
    return await perform({ folder, path, bytes, network });
  } finally {
    await network.close();
    await rm(folder, { recursive: true, force: true });
  }
}
