// npm run bench -- loopback
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { generator, writeContent } from '../../tools/content.ts';
import { BadOption, bytesOf, choicesOf, wholeOf, wholesOf } from '../options.mjs';
import { prepare } from '../pages.mjs';
import { shuffled } from '../../tools/shuffled.ts';
import { startOurs } from './ours.mjs';
import { printResults, requirements, summaryOf } from './results.mjs';
import { install, lacks, startFloor, startLibtorrent, startNginx, stopRivals } from './rivals.mjs';

/** `new` is ours in the first download of its life. */
const SYSTEMS = ['ours', 'new', 'floor', 'curl', 'libtorrent'];
const KINDS = ['random', 'text'];

export const HELP = `npm run bench -- loopback [options]

One file from 1, 2, 4 and 8 sources on this machine: the shipped programs on default settings ("ours" downloads with a
peer that stays through all rounds, as peers, which run for days, do; "new" with one that has just started) beside bare
sockets, curl from nginx (verifies nothing) and tuned libtorrent. The clock runs from before the connecting to the last
byte verified and written. The order is shuffled in every round; the page cache is put into the same state before each run.

  --rounds N       default 5; medians of fewer say little
  --warm-up N      rounds of every system before them that do not count; default 1
  --sources LIST   default 1,2,4,8
  --size BYTES     default 1GiB
  --kinds LIST     default random,text
  --systems LIST   default ${SYSTEMS.join(',')}; what is not installed is left out aloud
  --pages STATE    warm, cold or both; default warm. Cold needs root
  --folder DIR     where the files go; default: a temporary one
  --seed N         of the order and the content; default 1
  --json FILE      every run and the summary
  --check          exit code 1 when a required ratio is missed, or what it needs was not run
  --install        fetches nginx, curl (Debian, as root) and libtorrent (PyPI) first
  --profile DIR    CPU profiles of the peers go there; such a run measures nothing`;

export const OPTIONS = {
  rounds: { type: 'string', default: '5' },
  'warm-up': { type: 'string', default: '1' },
  sources: { type: 'string', default: '1,2,4,8' },
  size: { type: 'string', default: '1GiB' },
  kinds: { type: 'string', default: KINDS.join(',') },
  systems: { type: 'string', default: SYSTEMS.join(',') },
  pages: { type: 'string', default: 'warm' },
  folder: { type: 'string' },
  seed: { type: 'string', default: '1' },
  json: { type: 'string' },
  check: { type: 'boolean', default: false },
  install: { type: 'boolean', default: false },
  profile: { type: 'string' },
};

export async function run(values) {
  const rounds = wholeOf(values.rounds, 'rounds', { min: 1, max: 1000 });
  const warmUp = wholeOf(values['warm-up'], 'warm-up', { min: 0, max: 100 });
  const sources = wholesOf(values.sources, 'sources', { min: 1, max: 16 });
  const bytes = bytesOf(values.size, 'size');
  const kinds = choicesOf(values.kinds, 'kinds', KINDS);
  const states = values.pages === 'both' ? ['warm', 'cold'] : choicesOf(values.pages, 'pages', ['warm', 'cold']);
  const seed = wholeOf(values.seed, 'seed', { min: 0, max: 2 ** 31 });
  if (states.includes('cold') && process.getuid?.() !== 0) throw new BadOption('--pages cold empties the page cache, which only root may');
  if (values.install) install();
  const systems = choicesOf(values.systems, 'systems', SYSTEMS).filter((system) => {
    const reason = lacks[system]?.();
    if (reason !== undefined) console.log(`left out: ${system}: ${reason}`);
    return reason === undefined;
  });

  const folder = await mkdtemp(join(values.folder === undefined ? tmpdir() : resolve(values.folder), 'p2p-bench-'));
  const runs = [];
  const started = new Map();
  try {
    for (const kind of kinds) await writeContent(join(folder, kind), { kind, bytes, seed });
    const context = { folder, kinds, started, profileFolder: values.profile === undefined ? undefined : resolve(values.profile) };
    const variants = variantsOf({ systems, kinds, sources, states });
    const random = generator(seed);
    console.log(`${warmUp} rounds that do not count and ${rounds} that do, of ${variants.length} runs of ${values.size}, seed ${seed}`);
    for (let round = 1 - warmUp; round <= rounds; round++) {
      for (const variant of shuffled(variants, random)) {
        const measured = await measure(context, variant, { bytes, isChecked: round === 1 });
        if (round >= 1) runs.push({ round, ...variant, ...measured });
        process.stderr.write(
          `  ${round >= 1 ? round : 'warm-up'} ${variant.system} ${variant.kind} ${variant.count} ${variant.pages}: ${measured.seconds.toFixed(2)} s, CPU ${measured.cpuSeconds.toFixed(2)} + ${measured.seederCpuSeconds.toFixed(2)} s\n`,
        );
      }
    }
  } finally {
    stopRivals();
    await Promise.all([...started.values()].map((each) => each.stop?.()));
    await rm(folder, { recursive: true, force: true });
  }
  const summary = summaryOf(runs);
  printResults(summary);
  const required = requirements(summary);
  if (values.json !== undefined) {
    const machine = { cpu: cpus()[0]?.model, cores: cpus().length, memoryBytes: totalmem(), kernel: release(), node: process.version };
    await writeFile(
      resolve(values.json),
      `${JSON.stringify({ bench: 'loopback', bytes, seed, machine, required, summary, runs }, null, 2)}\n`,
    );
  }
  return values.check && required.some(({ isMet }) => !isMet) ? 1 : 0;
}

function variantsOf({ systems, kinds, sources, states }) {
  return states.flatMap((pages) =>
    kinds.flatMap((kind) =>
      systems.flatMap((system) => (system === 'curl' ? [1] : sources).map((count) => ({ system, kind, count, pages }))),
    ),
  );
}

async function measure(context, { system, kind, count, pages }, { bytes, isChecked }) {
  const { folder } = context;
  const loader = await loaderOf(context, { system, kind, count });
  const output = join(folder, 'output');
  const memory = prepare(pages, { folder, bytes });
  const {
    written = output,
    remove = () => rm(output),
    ...measured
  } = await loader.load({ name: kind, output, memory, isNew: system === 'new' }).finally(() => memory.stop());
  // Ours and libtorrent have checked every byte themselves; that they are right is seen once for each.
  if (isChecked) execFileSync('cmp', [join(folder, kind), written]);
  await remove();
  return measured;
}

/** Sources, and who downloads of ours, are started when they are first needed, and stay. */
async function loaderOf({ folder, kinds, started, profileFolder }, { system, kind, count }) {
  const isOurs = system === 'ours' || system === 'new';
  const key = isOurs ? `ours ${count}` : system === 'curl' ? system : `${system} ${count} ${kind}`;
  const known = started.get(key);
  if (known !== undefined) return known;
  const start = {
    ours: () => startOurs(folder, { names: kinds, count, profileFolder }),
    new: () => startOurs(folder, { names: kinds, count, profileFolder }),
    floor: () => startFloor(folder, { name: kind, count }),
    curl: () => startNginx(folder),
    libtorrent: () => startLibtorrent(folder, { name: kind, count }),
  }[system];
  const loader = await start();
  started.set(key, loader);
  return loader;
}
