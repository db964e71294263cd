// npm run bench -- diary
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CATALOGUE_PAGE_MAX, DIARY_PATTERNS, findAnswerSchema, listAnswerSchema } from '../../../libs/protocol/dist/index.js';
import { FrameClient } from '../../../libs/service/dist/index.js';
import { generator } from '../../tools/content.ts';
import { metric } from '../../tools/metrics.ts';
import { Stage } from '../../tools/stage.ts';
import { wholeOf } from '../options.mjs';
import { quantile } from '../statistics.mjs';
import { printTable } from '../table.mjs';
import { cpuSecondsOf } from '../usage.mjs';

const POLL_MS = 50;
const WHOLE_MS_MAX = 300_000;
const ANSWER_MS_MAX = 30_000;
/** Peers of one process of the crowd. */
const PEERS_PER_PROCESS = 2500;

export const HELP = `npm run bench -- diary [options]

One diary and a crowd of peers, each with the shipped peer's diary client and a connection of its own: memory, how fast
it takes their announcements, how long finding and listing takes meanwhile, and after how long a new diary (the old one
is killed) knows everything again. Crowd and diary share this machine.

  --peers N      default 10000; each needs a file descriptor in the diary and one in the crowd
  --files N      files of each peer, every one of them held by ten peers; default 100
  --questions N  of each kind; default 2000
  --seed N       default 1
  --json FILE`;

export const OPTIONS = {
  peers: { type: 'string', default: '10000' },
  files: { type: 'string', default: '100' },
  questions: { type: 'string', default: '2000' },
  seed: { type: 'string', default: '1' },
  json: { type: 'string' },
};

export async function run(values) {
  const peers = wholeOf(values.peers, 'peers', { min: 1, max: 20_000 });
  const files = wholeOf(values.files, 'files', { min: 1, max: 10_000 });
  const questions = wholeOf(values.questions, 'questions', { min: 1, max: 1_000_000 });
  const random = generator(wholeOf(values.seed, 'seed', { min: 0, max: 2 ** 31 }));
  await using stage = await Stage.open();
  const diary = await stage.startDiary();
  const emptyMib = residentMibOf(diary.process.pid);
  const crowd = startCrowd({ port: diary.port, peers, files });
  const announced = await becomesWhole({ diary, peers, files });
  process.stderr.write(`  ${peers} peers announced ${peers * files} files in ${announced.seconds.toFixed(1)} s\n`);
  const fullMib = residentMibOf(diary.process.pid);
  const asked = await ask(diary, { peers, files, questions, random });
  const idle = await idleShareOf(diary);
  diary.process.kill('SIGKILL');
  await diary.process.exited;
  const reborn = await stage.startDiary({ port: diary.port });
  const again = await becomesWhole({ diary: reborn, peers, files });
  for (const child of crowd) child.kill('SIGKILL');

  const result = {
    peers,
    connections: again.joined,
    files: peers * files,
    emptyMib,
    fullMib,
    announceSeconds: announced.seconds,
    announcedPerSecond: (peers * files) / announced.seconds,
    announceCpuSeconds: announced.cpuSeconds,
    renewalCpuShare: idle,
    wholeAgainSeconds: again.seconds,
    ...asked,
  };
  printTable(
    ['measure', 'value'],
    [
      ['peers, each with a connection of its own', String(again.joined)],
      ['announced pairs of file and name', String(result.files)],
      ['resident MiB, empty / full', `${emptyMib.toFixed(0)} / ${fullMib.toFixed(0)}`],
      ['announced a second, all joining at once', result.announcedPerSecond.toFixed(0)],
      ['find ms, p50 / p99', pair(asked.find)],
      ['list ms (a page of 100), p50 / p99', pair(asked.list)],
      ['share of a core for renewals alone', idle],
      ['s until whole again after a SIGKILL', again.seconds],
    ],
  );
  if (values.json !== undefined) await writeFile(resolve(values.json), `${JSON.stringify({ bench: 'diary', result }, null, 2)}\n`);
  return 0;
}

function startCrowd({ port, peers, files }) {
  const crowd = [];
  for (let first = 0; first < peers; first += PEERS_PER_PROCESS) {
    const child = fork(fileURLToPath(new URL('crowd.mjs', import.meta.url)), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('exit', (code) => {
      if (code !== null) throw new Error(`a process of the crowd ended with code ${code}`);
    });
    process.on('exit', () => child.kill('SIGKILL'));
    child.send({ port, first, count: Math.min(PEERS_PER_PROCESS, peers - first), peers, files });
    crowd.push(child);
  }
  return crowd;
}

/** Until every peer has joined and the last page of each of the last peers shows all it has. */
async function becomesWhole({ diary, peers, files }) {
  const startedAt = performance.now();
  const cpuBefore = cpuSecondsOf(diary.process.pid);
  // Connected when there is something to ask: the diary closes connections that say nothing.
  let client;
  // A lease is tied to a connection.
  let joined = 0;
  const isWhole = async () => {
    joined = await metric(diary.metricsPort, 'p2p_diary_peers');
    if (joined < peers) return false;
    client ??= await FrameClient.connect({ host: '127.0.0.1', port: diary.port, connectTimeoutMs: ANSWER_MS_MAX });
    for (let number = peers - 1; number >= 0; number--)
      if ((await countOf(client, number)) < Math.min(files, CATALOGUE_PAGE_MAX)) return false;
    return true;
  };
  while (!(await isWhole())) {
    if (performance.now() - startedAt > WHOLE_MS_MAX) throw new Error(`after ${WHOLE_MS_MAX} ms the diary is not whole`);
    await delay(POLL_MS);
  }
  client.close();
  return { joined, seconds: (performance.now() - startedAt) / 1000, cpuSeconds: cpuSecondsOf(diary.process.pid) - cpuBefore };
}

/** Files that the diary lists of a peer, up to a page of them; 0 while it does not know the peer. */
async function countOf(client, number) {
  const request = { peer: `peer-${number}`, limit: CATALOGUE_PAGE_MAX };
  try {
    return (await client.request(DIARY_PATTERNS.ofPeer, request, listAnswerSchema, { timeoutMs: ANSWER_MS_MAX })).entries.length;
  } catch (error) {
    if (error.code === 'NOT_FOUND') return 0;
    throw error;
  }
}

/** Asks one question after the other while the crowd renews its leases. */
async function ask(diary, { peers, files, questions, random }) {
  const client = await FrameClient.connect({ host: '127.0.0.1', port: diary.port, connectTimeoutMs: ANSWER_MS_MAX });
  const distinct = Math.max(files, Math.floor((peers * files) / 10));
  const times = async (pattern, schema, requestOf) => {
    const ms = [];
    for (let question = 0; question < questions; question++) {
      const number = Math.floor(random() * distinct);
      const startedAt = performance.now();
      await client.request(pattern, requestOf(`set-${number % 1000}/file-${number}.bin`), schema, { timeoutMs: ANSWER_MS_MAX });
      ms.push(performance.now() - startedAt);
    }
    return { p50: quantile(ms, 0.5), p99: quantile(ms, 0.99) };
  };
  const find = await times(DIARY_PATTERNS.find, findAnswerSchema, (name) => ({ name }));
  const list = await times(DIARY_PATTERNS.list, listAnswerSchema, (name) => ({
    after: { name, id: '0'.repeat(64) },
    limit: CATALOGUE_PAGE_MAX,
  }));
  client.close();
  return { find, list };
}

async function idleShareOf(diary) {
  const startedAt = performance.now();
  const before = cpuSecondsOf(diary.process.pid);
  await delay(4000);
  return (cpuSecondsOf(diary.process.pid) - before) / ((performance.now() - startedAt) / 1000);
}

function residentMibOf(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))[1]) / 1024;
}

function pair({ p50, p99 }) {
  return `${p50.toFixed(2)} / ${p99.toFixed(2)}`;
}
