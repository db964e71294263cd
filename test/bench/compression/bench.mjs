// npm run bench -- compression
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { generator, writeContent } from '../../tools/content.ts';
import { Stage } from '../../tools/stage.ts';
import { finished, lastProgressAtMs, listed, share, start } from '../control.mjs';
import { Network, runInside } from '../links/network.mjs';
import { bytesOf, choicesOf, wholeOf } from '../options.mjs';
import { prepare } from '../pages.mjs';
import { shuffled } from '../../tools/shuffled.ts';
import { median } from '../statistics.mjs';
import { printTable } from '../table.mjs';

const LINKS = ['slow', 'loopback'];
const MODES = ['auto', 'always', 'never'];
/** How much longer "auto" may take than the better of the others. */
const AUTO_RATIO_MAX = 1.1;
const NAME = 'text';

export const HELP = `npm run bench -- compression [options]

Text over a slow link and over loopback with P2P_COMPRESSION=auto, always and never; auto must be within 10 % of the
better of the other two. The slow link needs root, for a network namespace.

  --links LIST    default ${LINKS.join(',')}
  --mbit N        rate of the slow link; default 40
  --slow BYTES    size of the text over the slow link; default 32MiB
  --size BYTES    size of the text over loopback; default 512MiB
  --sources N     default 1
  --rounds N      default 3
  --seed N        default 1
  --json FILE
  --check         exit code 1 when auto is not within 10 %`;

export const OPTIONS = {
  links: { type: 'string', default: LINKS.join(',') },
  mbit: { type: 'string', default: '40' },
  slow: { type: 'string', default: '32MiB' },
  size: { type: 'string', default: '512MiB' },
  sources: { type: 'string', default: '1' },
  rounds: { type: 'string', default: '3' },
  seed: { type: 'string', default: '1' },
  json: { type: 'string' },
  check: { type: 'boolean', default: false },
};

export async function run(values) {
  const links = choicesOf(values.links, 'links', LINKS);
  const upBytes = (wholeOf(values.mbit, 'mbit', { min: 1, max: 10_000 }) * 1e6) / 8;
  const sizes = { slow: bytesOf(values.slow, 'slow'), loopback: bytesOf(values.size, 'size') };
  const sources = wholeOf(values.sources, 'sources', { min: 1, max: 16 });
  const rounds = wholeOf(values.rounds, 'rounds', { min: 1, max: 1000 });
  const seed = wholeOf(values.seed, 'seed', { min: 0, max: 2 ** 31 });
  const code = links.includes('slow') ? await runInside() : undefined;
  if (code !== undefined) return code;

  const random = generator(seed);
  const variants = links.flatMap((link) => MODES.map((mode) => ({ link, mode })));
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    for (const { link, mode } of shuffled(variants, random)) {
      const outcome = await measure({ mode, bytes: sizes[link], sources, seed, upBytes: link === 'slow' ? upBytes : undefined });
      runs.push({ round, link, mode, ...outcome });
      process.stderr.write(`  ${round + 1} ${link} ${mode}: ${outcome.seconds.toFixed(2)} s, wire/file ${outcome.wireRatio.toFixed(2)}\n`);
    }
  }
  const summary = links.map((link) => {
    const of = (mode, name) => median(runs.filter((each) => each.link === link && each.mode === mode).map((each) => each[name]));
    const [auto, always, never] = MODES.map((mode) => of(mode, 'seconds'));
    const wire = Object.fromEntries(MODES.map((mode) => [mode, of(mode, 'wireRatio')]));
    return { link, bytes: sizes[link], auto, always, never, wire, ratio: auto / Math.min(always, never) };
  });
  printTable(
    ['link', 'MB', 'auto s', 'always s', 'never s', 'auto / better', 'wire/file of auto'],
    summary.map((row) => [row.link, row.bytes / 1e6, row.auto, row.always, row.never, row.ratio, row.wire.auto]),
  );
  if (values.json !== undefined) {
    await writeFile(resolve(values.json), `${JSON.stringify({ bench: 'compression', sources, upBytes, seed, summary, runs }, null, 2)}\n`);
  }
  return values.check && summary.some(({ ratio }) => ratio > AUTO_RATIO_MAX) ? 1 : 0;
}

/** New holders each time: what they have learnt of the link and compressed before is not for the next run. */
async function measure({ mode, bytes, sources, seed, upBytes }) {
  const folder = await mkdtemp(join(tmpdir(), 'p2p-bench-'));
  const network = upBytes === undefined ? undefined : new Network();
  let memory;
  try {
    await using stage = await Stage.open({ folder: join(folder, 'stage') });
    const path = join(folder, NAME);
    await writeContent(path, { kind: 'text', bytes, seed });
    const { port } = await stage.startDiary();
    const peer = async (id, up) => {
      const place = network === undefined ? {} : await network.node({ upBytes: up });
      const diary = `${network?.address ?? '127.0.0.1'}:${port}`;
      return stage.startPeer({ id, diary, compression: mode, ...(place.network === undefined ? {} : { network: place.network }) });
    };
    const holders = await Promise.all(Array.from({ length: sources }, (_, index) => peer(`holder-${index}`, upBytes)));
    await Promise.all(holders.map((holder) => share(holder, path)));
    const loader = await peer('loader');
    await listed(loader, NAME, sources);
    memory = prepare('warm', { folder, bytes });
    const output = join(folder, 'output');
    memory.release();
    const startedAtMs = Date.now();
    const { id } = await start(loader, NAME, output);
    const { report } = await finished(loader, id);
    const seconds = ((await lastProgressAtMs(loader)) - startedAtMs) / 1000;
    execFileSync('cmp', [path, output]);
    return { seconds, wireRatio: report.wireBytes / bytes };
  } finally {
    memory?.stop();
    await network?.close();
    await rm(folder, { recursive: true, force: true });
  }
}
