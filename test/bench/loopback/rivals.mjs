// The others: what they need, how they are fetched, and one download by each.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuSecondsOf, UsageSamples } from '../usage.mjs';

const LIBTORRENT_VERSION = '2.1.1';
const CACHE = join(homedir(), '.cache/p2p/bench');
const PYTHON = join(CACHE, 'venv/bin/python');
const SCRIPTS = { seed: here('libtorrent-seed.py'), load: here('libtorrent-load.py'), make: here('make-torrent.py') };

/** Why a rival cannot run here, or undefined. */
export const lacks = {
  curl: () => ['curl', 'nginx'].map(missing).find((reason) => reason !== undefined),
  libtorrent: () => (existsSync(PYTHON) ? undefined : 'libtorrent is not there; --install fetches it from PyPI'),
};

/** Fetches what is missing: Debian's nginx and curl as root, libtorrent from PyPI into ~/.cache/p2p/bench. */
export function install() {
  const packages = ['curl', 'nginx'].filter((name) => missing(name) !== undefined);
  if (packages.length > 0) execFileSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { stdio: 'inherit' });
  if (existsSync(PYTHON)) return;
  execFileSync('python3', ['-m', 'venv', join(CACHE, 'venv')], { stdio: 'inherit' });
  execFileSync(PYTHON, ['-m', 'pip', 'install', '-q', `libtorrent==${LIBTORRENT_VERSION}`], { stdio: 'inherit' });
}

const seeders = new Set();
process.on('exit', stopRivals);

/** Ends every seeder of others. */
export function stopRivals() {
  for (const child of seeders) child.kill('SIGKILL');
  seeders.clear();
}

/** A program that says READY, and ends with the bench. */
async function startSeeder(program, args, ready = true) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  seeders.add(child);
  if (ready) await once(createInterface({ input: child.stdout }), 'line');
  return child;
}

/** nginx with one worker, which serves `folder`. */
export async function startNginx(folder) {
  const port = await freePort();
  const home = join(folder, 'nginx');
  await mkdir(home, { recursive: true });
  const config = join(home, 'nginx.conf');
  const lines = [
    'user root; worker_processes 1; daemon off; master_process off; error_log stderr crit;',
    `pid ${home}/pid; events {}`,
    `http { access_log off; sendfile on; tcp_nopush on; types {} default_type application/octet-stream;`,
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${home};`),
    `server { listen 127.0.0.1:${port}; root ${folder}; } }`,
  ];
  await writeFile(config, lines.join('\n'));
  const child = await startSeeder('nginx', ['-p', home, '-c', config], false);
  while (
    !(await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    ))
  )
    if (child.exitCode !== null) throw new Error('nginx did not start');
  return {
    /** One download with curl. */
    async load({ name, output, memory }) {
      memory.release();
      const before = { own: cpuSecondsOf('self', true), seeder: cpuSecondsOf(child.pid) };
      const startedAt = performance.now();
      const curl = spawn('curl', ['-sS', '-f', '-o', output, `http://127.0.0.1:${port}/${name}`], { stdio: 'inherit' });
      const samples = new UsageSamples(curl.pid);
      const [code] = await once(curl, 'exit');
      const seconds = (performance.now() - startedAt) / 1000;
      samples.stop();
      if (code !== 0) throw new Error(`curl ended with code ${code}`);
      const cpuSeconds = cpuSecondsOf('self', true) - before.own;
      return { seconds, cpuSeconds, seederCpuSeconds: cpuSecondsOf(child.pid) - before.seeder, peakMib: samples.peakMib };
    },
  };
}

/** `count` libtorrent seeders of one file. */
export async function startLibtorrent(folder, { name, count }) {
  const torrent = join(folder, `${name}.torrent`);
  if (!existsSync(torrent)) execFileSync(PYTHON, ['-W', 'ignore', SCRIPTS.make, join(folder, name), torrent]);
  const ports = await Promise.all(Array.from({ length: count }, freePort));
  const children = await Promise.all(ports.map((port) => startSeeder(PYTHON, [SCRIPTS.seed, String(port), torrent, folder])));
  return {
    /** One download with a new libtorrent session, whose clock starts before it connects. */
    async load({ output, memory }) {
      memory.release();
      const into = `${output}.d`;
      await mkdir(into);
      const before = children.map(({ pid }) => cpuSecondsOf(pid));
      const text = await outputOf(PYTHON, [SCRIPTS.load, torrent, into, String(await freePort()), ...ports.map(String)]);
      const seederCpuSeconds = children.reduce((sum, { pid }, index) => sum + cpuSecondsOf(pid) - before[index], 0);
      return { ...JSON.parse(text), seederCpuSeconds, written: join(into, name), remove: () => rm(into, { recursive: true }) };
    },
  };
}

/** `count` processes that send pieces of a file from bare sockets, as fast as Node does. */
export async function startFloor(folder, { name, count }) {
  const ports = await Promise.all(Array.from({ length: count }, freePort));
  const path = join(folder, name);
  const children = await Promise.all(ports.map((port) => startSeeder(process.execPath, [here('floor-seed.mjs'), String(port), path])));
  return {
    async load({ output, memory }) {
      memory.release();
      const before = children.map(({ pid }) => cpuSecondsOf(pid));
      const text = await outputOf(process.execPath, [here('floor-load.mjs'), path, output, ...ports.map(String)]);
      const seederCpuSeconds = children.reduce((sum, { pid }, index) => sum + cpuSecondsOf(pid) - before[index], 0);
      return { ...JSON.parse(text), seederCpuSeconds };
    },
  };
}

async function outputOf(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => (text += part));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with code ${code}`);
  return text;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function missing(program) {
  const folders = ['/usr/bin', '/usr/sbin', '/usr/local/bin'];
  return folders.some((folder) => existsSync(join(folder, program))) ? undefined : `${program} is not there; --install fetches it`;
}

function here(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}
