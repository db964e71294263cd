// Whatever files and peers come and go, /metrics has as many series at the end as at the beginning.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DIARY_PATTERNS, emptySchema, helloAnswerSchema, joinAnswerSchema, PEER_PATTERNS, PROTOCOL_VERSION } from '@p2p/protocol';
import { FrameClient } from '@p2p/service';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually, metric } from '../tools/metrics.ts';
import { OtlpReceiver } from '../tools/otlp-receiver.ts';
import { Stage, type Peer } from '../tools/stage.ts';
import { listed } from '../tools/transfer.ts';

const DOWNLOADS = 1000;
const PEERS = 200;
/** Taken on at once: many more than are under way, many fewer than may wait. */
const TOGETHER = 50;
/** A download of a few bytes syncs a dozen times; a disk with other work does ten a second. */
const DEADLINE_MS = 240_000;
const TIMEOUT_MS = 10_000;
const HOST = '127.0.0.1';
const FIRST = 'the-first.txt';

let stage: Stage;
let receiver: OtlpReceiver;

beforeEach(async () => {
  stage = await Stage.open();
  receiver = await OtlpReceiver.start();
});

afterEach(async () => {
  await stage.close();
  await receiver.close();
});

/** Names of series, without their values. What kinds of resources and collections there just are is Node's to say. */
async function seriesAt(metricsPort: number): Promise<readonly string[]> {
  const headers = { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' };
  const text = await (await fetch(`http://${HOST}:${metricsPort}/metrics`, { headers })).text();
  return text
    .split('\n')
    .map((line) => line.replace(/ # \{.*$/, ''))
    .filter((line) => line !== '' && !line.startsWith('#') && !/^nodejs_(active_|gc_)/.test(line))
    .map((line) => line.slice(0, line.lastIndexOf(' ')))
    .sort();
}

async function download(peer: Peer, names: readonly string[]): Promise<void> {
  const token = (await readFile(join(peer.dataDir, 'control.token'), 'utf8')).trim();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  for (let at = 0; at < names.length; at += TOGETHER) {
    const asked = names.slice(at, at + TOGETHER).map(async (target) => {
      const response = await fetch(`${peer.controlUrl}/v1/downloads`, { method: 'POST', headers, body: JSON.stringify({ target }) });
      expect(response.status, await response.text()).toBeLessThan(300);
    });
    await Promise.all(asked);
  }
}

async function downloadsDone(peer: Peer, count: number): Promise<void> {
  await eventually(
    () => metric(peer.metricsPort, 'p2p_download_duration_seconds_count', { phase: 'total', outcome: 'done' }),
    (done) => done === count,
    DEADLINE_MS,
  );
}

/** A peer that joins the diary, holds a file of its own, says hello to another peer, asks it for something, and is gone. */
async function passBy(number: number, ports: { readonly diary: number; readonly peer: number }): Promise<void> {
  const [diary, peer] = await Promise.all(
    [ports.diary, ports.peer].map((port) => FrameClient.connect({ host: HOST, port, connectTimeoutMs: TIMEOUT_MS })),
  );
  if (diary === undefined || peer === undefined) throw new Error('not connected');
  const options = { timeoutMs: TIMEOUT_MS };
  const id = number.toString(16);
  const lease = { version: PROTOCOL_VERSION, peer: `passer-${id}`, key: id.padStart(32, '0'), incarnation: 1, host: HOST, port: 1 };
  await diary.request(DIARY_PATTERNS.join, lease, joinAnswerSchema, options);
  const file = { id: id.padStart(64, '0'), name: `of-passer-${id}.txt`, bytes: 1, state: 'complete' };
  await diary.request(DIARY_PATTERNS.announce, { files: [file] }, emptySchema, options);
  await peer.request(PEER_PATTERNS.hello, { version: PROTOCOL_VERSION, peer: lease.peer }, helloAnswerSchema, options);
  await expect(peer.request(PEER_PATTERNS.manifest, { file: file.id }, emptySchema, options)).rejects.toMatchObject({ code: 'NOT_HELD' });
  diary.close();
  peer.close();
}

it(`is so over ${DOWNLOADS} downloads and ${PEERS} peers, with exemplars and without`, { timeout: 300_000 }, async () => {
  const folder = await stage.path('shared');
  const names = Array.from({ length: DOWNLOADS }, (_, index) => `file-${index}.txt`);
  await mkdir(folder, { recursive: true });
  await Promise.all([FIRST, ...names].map((name) => writeFile(join(folder, name), `the content of ${name}\n`)));
  const diary = await stage.startDiary();
  const holder = await stage.startPeer({ id: 'holder', shareDir: folder });
  const downloader = await stage.startPeer({ id: 'downloader', env: receiver.env });
  await eventually(
    () => metric(diary.metricsPort, 'p2p_diary_files'),
    (files) => files === DOWNLOADS + 1,
    DEADLINE_MS,
  );
  await listed(downloader, (lines) => lines.some(({ name }) => name === FIRST));
  await download(downloader, [FIRST]);
  await downloadsDone(downloader, 1);

  const ports = [diary, holder, downloader].map(({ metricsPort }) => metricsPort);
  const before = await Promise.all(ports.map(seriesAt));
  await download(downloader, names);
  for (let number = 0; number < PEERS; number += TOGETHER) {
    const some = Array.from({ length: TOGETHER }, (_, index) => passBy(number + index, { diary: diary.port, peer: holder.peerPort }));
    await Promise.all(some);
  }
  await downloadsDone(downloader, DOWNLOADS + 1);
  await eventually(
    () => metric(diary.metricsPort, 'p2p_diary_departures_total', { reason: 'connection_closed' }),
    (left) => left === PEERS,
    DEADLINE_MS,
  );
  const after = await Promise.all(ports.map(seriesAt));
  expect(after).toEqual(before);
  console.log(`series of the diary, the holder and the downloader: ${after.map(({ length }) => length).join(', ')}`);
});
