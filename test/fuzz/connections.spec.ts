// Connections that are opened to do harm: they trickle, stop half way, never read, or are too many.
import { FRAME_HEADER_BYTES_MAX, encodeMessageFrame } from '@p2p/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../tools/metrics.ts';
import { prefix } from './broken-frames.ts';
import { FuzzConnection } from './fuzz-connection.ts';
import { startSwarm, type Swarm } from './swarm.ts';
import { countsOf, peakDuring, vitalsOf } from './vitals.ts';

const MIB = 1024 * 1024;
/** From libs/service: within it a message comes whole. */
const INCOMPLETE_FRAME_MS = 10_000;
/** Stands for "it hangs". */
const DEADLINE_MS = 40_000;
/** From the limits of the peer. */
const PEER_CONNECTIONS_MAX = 1024;
const PEER_REQUESTS_MAX = 192;
const DIARY_WATCHES_MAX = 1024;

/** From libs/service: of all connections of a server together. */
const SEND_QUEUED_TOTAL_BYTES_MAX = 256 * MIB;
/** What a runtime lets lie while it is busy. */
const GARBAGE_BYTES = 400 * MIB;
/** Together they ask for several times what may wait. */
const GREEDY = 40;

const HELLO = { pattern: 'peer.hello', data: { version: 1, peer: 'harm' } };
const hello = (id: number): Uint8Array => encodeMessageFrame({ ...HELLO, id });
const list = (id: number): Uint8Array => encodeMessageFrame({ pattern: 'catalogue.list', data: { limit: 100 }, id });

let swarm: Swarm;
beforeAll(async () => {
  swarm = await startSwarm(7);
});
afterAll(() => swarm.stage.close());

interface Victim {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly metricsPort: number;
  readonly message: (id: number) => Uint8Array;
}

function victims(): readonly Victim[] {
  const { diary, target } = swarm;
  return [
    { name: 'diary', port: diary.port, pid: diary.process.pid, metricsPort: diary.metricsPort, message: list },
    { name: 'peer', port: target.peerPort, pid: target.process.pid, metricsPort: target.metricsPort, message: hello },
  ];
}

const open = (port: number, count: number): Promise<FuzzConnection[]> =>
  Promise.all(Array.from({ length: count }, () => FuzzConnection.open(port)));
const cutOffs = async ({ metricsPort }: Victim, code: string): Promise<number> =>
  (await countsOf(metricsPort, 'p2p_frames_rejected_total')).get(code) ?? 0;
const refusals = async ({ metricsPort }: Victim): Promise<number> =>
  [...(await countsOf(metricsPort, 'p2p_requests_refused_total')).values()].reduce((sum, count) => sum + count, 0);
const asked = (connection: FuzzConnection, message: Uint8Array, id: number): void => {
  connection.expect([String(id)]);
  connection.write(message);
};

/** Until no more files are open than before, some of its own aside. */
async function filesClosed(victim: Victim, before: number): Promise<void> {
  await eventually(
    async () => (await vitalsOf(victim.pid)).openFiles,
    (count) => count <= before + 10,
    DEADLINE_MS,
  );
}

it('silent ones, slow ones and ones that stop half way are closed in time and counted, and whoever is served is served on', async () => {
  await Promise.all(
    victims().map(async (victim) => {
      const { port, message } = victim;
      const before = { files: (await vitalsOf(victim.pid)).openFiles, late: await cutOffs(victim, 'TIMED_OUT') };
      const [silent, halfway, slow] = await Promise.all([open(port, 20), open(port, 20), open(port, 20)]);
      const served = await FuzzConnection.open(port);
      asked(served, message(1), 1);
      await served.answered();
      for (const [index, each] of halfway.entries()) each.write(message(1).subarray(0, 1 + index));
      // The longest message there may be, of which a byte comes now and then.
      let sent = 0;
      for (const each of slow) each.write(prefix(FRAME_HEADER_BYTES_MAX, 0));
      const trickle = setInterval(() => {
        sent += 1;
        for (const each of slow) each.write(Uint8Array.of(0x20));
      }, INCOMPLETE_FRAME_MS / 40);
      await Promise.all([...silent, ...halfway, ...slow].map((each) => each.cutOff()));
      clearInterval(trickle);
      expect(sent).toBeGreaterThan(10);
      expect(await cutOffs(victim, 'TIMED_OUT')).toBe(before.late + 60);
      asked(served, message(2), 2);
      await served.answered();
      await served.end();
      await filesClosed(victim, before.files);
    }),
  );
});

it('ones that end or are reset at every byte of a message leave nothing behind and are nobody’s fault', async () => {
  for (const victim of victims()) {
    const { port, message } = victim;
    const before = (await vitalsOf(victim.pid)).openFiles;
    const counted = await countsOf(victim.metricsPort, 'p2p_frames_rejected_total');
    const whole = message(1);
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const [ended, reset] = await Promise.all([FuzzConnection.open(port), FuzzConnection.open(port)]);
      for (const each of [ended, reset]) each.expect(['1']);
      for (const each of [ended, reset]) each.write(whole.subarray(0, cut));
      reset.reset();
      await ended.end();
    }
    await filesClosed(victim, before);
    expect(await countsOf(victim.metricsPort, 'p2p_frames_rejected_total')).toEqual(counted);
  }
});

it('ones that ask and never read cost a bounded amount of memory, and those that ask for much are closed', async () => {
  const [diary, peer] = victims() as [Victim, Victim];
  const announcer = await FuzzConnection.open(diary.port);
  const join = { version: 1, peer: 'announcer', key: '0'.repeat(32), incarnation: 1, host: '127.0.0.1', port: 1 };
  asked(announcer, encodeMessageFrame({ pattern: 'peer.join', data: join, id: 1 }), 1);
  await announcer.answered();
  for (const half of [0, 1]) {
    const files = Array.from({ length: 50 }, (_, index) => ({
      id: String(50 * half + index).padStart(64, '0'),
      name: `${half}-${index}-${'n'.repeat(200)}/${'m'.repeat(200)}/${'o'.repeat(200)}/${'p'.repeat(200)}`,
      bytes: 1,
      state: 'complete',
    }));
    asked(announcer, encodeMessageFrame({ pattern: 'files.announce', data: { files }, id: 2 + half }), 2 + half);
  }
  await announcer.answered();
  const before = await Promise.all([vitalsOf(diary.pid), vitalsOf(peer.pid), cutOffs(diary, 'LIMIT_EXCEEDED')]);
  const [greedy, patient] = [await open(diary.port, GREEDY), await open(peer.port, 16)];
  const lists = Buffer.concat(Array.from({ length: 400 }, (_, id) => list(id)));
  const hellos = Buffer.concat(Array.from({ length: 20_000 }, (_, id) => hello(id)));
  for (const each of [...greedy, ...patient]) each.stopReading();
  for (const each of greedy) each.write(lists);
  for (const each of patient) each.write(hellos);
  const { peakBytes } = await peakDuring(diary.pid, () =>
    eventually(
      () => cutOffs(diary, 'LIMIT_EXCEEDED'),
      (count) => count === before[2] + greedy.length,
      DEADLINE_MS,
    ),
  );
  const rise = { diary: peakBytes - before[0].rssBytes, peer: (await vitalsOf(peer.pid)).rssBytes - before[1].rssBytes };
  console.log(
    `${GREEDY} that never read: RSS rose by ${Math.round(rise.diary / MIB)} MiB (diary), ${Math.round(rise.peer / MIB)} MiB (peer)`,
  );
  expect(rise.diary).toBeLessThan(SEND_QUEUED_TOTAL_BYTES_MAX + GARBAGE_BYTES);
  expect(rise.peer).toBeLessThan(16 * MIB + GARBAGE_BYTES);
  for (const each of [...greedy, ...patient, announcer]) each.reset();
  await Promise.all([filesClosed(diary, before[0].openFiles), filesClosed(peer, before[1].openFiles)]);
});

it('requests beyond what one connection may have under way are refused and counted, and the others are answered', async () => {
  const [diary, peer] = victims() as [Victim, Victim];
  const watchesOf = (file: string, pattern: string, count: number): Uint8Array[] =>
    Array.from({ length: count }, (_, id) => encodeMessageFrame({ pattern, data: { watch: id, file, limit: 1 }, id }));
  for (const [victim, frames, answeredMax] of [
    [peer, watchesOf(swarm.smallFileId, 'availability.watch', 300), PEER_REQUESTS_MAX],
    [diary, watchesOf('0'.repeat(64), 'holders.watch', 1500), DIARY_WATCHES_MAX],
  ] as const) {
    const before = await refusals(victim);
    const connection = await FuzzConnection.open(victim.port);
    if (victim === diary) {
      const data = { version: 1, peer: 'watcher', key: '1'.repeat(32), incarnation: 1, host: '127.0.0.1', port: 1 };
      connection.expect(['"join"']);
      connection.write(encodeMessageFrame({ pattern: 'peer.join', data, id: 'join' }));
      await connection.answered();
    }
    connection.expect(frames.map((_, id) => String(id)));
    connection.write(Buffer.concat(frames));
    await connection.answered();
    const refused = [...connection.refusals.values()].reduce((sum, count) => sum + count, 0);
    expect(refused, victim.name).toBe(frames.length - answeredMax);
    expect(await refusals(victim), victim.name).toBe(before + refused);
    await connection.end();
  }
});

it('as many as a peer has places for, and more: those beyond are refused and counted, the download under way goes on', async () => {
  const [, peer] = victims() as [Victim, Victim];
  const before = {
    files: (await vitalsOf(peer.pid)).openFiles,
    busy: await cutOffs(peer, 'BUSY'),
    rss: (await vitalsOf(peer.pid)).rssBytes,
  };
  const download = swarm.download('beside-a-flood');
  download.catch(() => undefined);
  await eventually(
    async () => (await vitalsOf(peer.pid)).openFiles,
    (count) => count > before.files,
    DEADLINE_MS,
  );
  const flood = await open(peer.port, PEER_CONNECTIONS_MAX + 50);
  let id = 0;
  for (const each of flood) asked(each, hello(++id), id);
  // Each is answered, or closed without a word.
  const outcomes = await Promise.all(
    flood.map((each) =>
      each.answered().then(
        () => true,
        () => false,
      ),
    ),
  );
  const answered = outcomes.filter(Boolean).length;
  expect(answered).toBeLessThanOrEqual(PEER_CONNECTIONS_MAX);
  expect(answered).toBeGreaterThan(PEER_CONNECTIONS_MAX - 50);
  const busy = (await cutOffs(peer, 'BUSY')) - before.busy;
  expect(busy).toBeGreaterThanOrEqual(flood.length - answered);
  console.log(
    `${answered} connections were answered, ${busy} refused; RSS rose by ${Math.round(((await vitalsOf(peer.pid)).rssBytes - before.rss) / MIB)} MiB`,
  );
  await download;
  for (const each of flood) each.reset();
  await filesClosed(peer, before.files);
  await swarm.download('after-a-flood');
});
