import net from 'node:net';
import { PassThrough } from 'node:stream';
import { createInterface } from 'node:readline';
import {
  DIARY_PATTERNS,
  emptySchema,
  findAnswerSchema,
  joinAnswerSchema,
  listAnswerSchema,
  PROTOCOL_VERSION,
  watchEventSchema,
} from '@p2p/protocol';
import type { HoldingState, JoinAnswer, JoinRequest, WatchEvent } from '@p2p/protocol';
import { createLogger, FrameClient } from '@p2p/service';
import { filter, firstValueFrom, ReplaySubject } from 'rxjs';
import { afterEach, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { WATCHES_PER_CONNECTION_MAX } from './limits.js';
import { startDiary } from './start-diary.js';
import type { RunningDiary } from './start-diary.js';

const KEY = '0'.repeat(32);
const OTHER_KEY = '1'.repeat(32);
const id = (number: number): string => number.toString(16).padStart(64, '0');
const timeoutMs = 5_000;

const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A diary in this process, on free ports, and the events it logs. */
async function diary(
  options: { leaseTtlMs?: number; port?: number; now?: () => number } = {},
): Promise<RunningDiary & { logged(event: string): Promise<unknown> }> {
  const lines = new PassThrough();
  const events = new ReplaySubject<{ event: string }>();
  createInterface({ input: lines }).on('line', (line) => events.next(JSON.parse(line) as { event: string }));
  const running = await startDiary(
    { port: options.port ?? 0, metricsPort: 0, leaseTtlMs: options.leaseTtlMs ?? 60_000, logLevel: 'info' },
    {
      logger: createLogger({ level: 'info', app: 'diary', destination: lines }),
      ...(options.now === undefined ? {} : { now: options.now }),
    },
  );
  closers.push(() => running.close());
  return { ...running, logged: async (event) => firstValueFrom(events.pipe(filter((line) => line.event === event))) };
}

/** A connection to a diary, and the watches on it. */
class Asker {
  readonly client: FrameClient;

  constructor(client: FrameClient) {
    this.client = client;
  }

  static async to({ port }: { port: number }): Promise<Asker> {
    const client = await FrameClient.connect({ host: '127.0.0.1', port, connectTimeoutMs: timeoutMs });
    closers.push(() => client.close());
    return new Asker(client);
  }

  static async joined(to: { port: number }, peer: string, more: Partial<JoinRequest> = {}): Promise<Asker> {
    const asker = await Asker.to(to);
    await asker.join(peer, more);
    return asker;
  }

  async ask<A>(pattern: string, data: object, schema: z.ZodType<A>): Promise<A> {
    return this.client.request(pattern, data, schema, { timeoutMs });
  }

  async join(peer: string, more: Partial<JoinRequest> = {}): Promise<JoinAnswer> {
    const request = { version: PROTOCOL_VERSION, peer, key: KEY, incarnation: 1, host: '127.0.0.1', port: 4000, ...more };
    return this.ask(DIARY_PATTERNS.join, request, joinAnswerSchema);
  }

  async announce(number: number, state: HoldingState = 'complete'): Promise<void> {
    await this.ask(DIARY_PATTERNS.announce, { files: [{ id: id(number), name: `file-${number}`, bytes: 10, state }] }, emptySchema);
  }

  watch(number: number, options: { watch?: number; limit?: number } = {}): Watched {
    const events = new ReplaySubject<WatchEvent>();
    const request = { watch: options.watch ?? 1, file: id(number), limit: options.limit ?? 64 };
    this.client.stream(DIARY_PATTERNS.watch, request, watchEventSchema).subscribe(events);
    return new Watched(events);
  }

  async isGone(): Promise<string> {
    return (await firstValueFrom(this.client.closed)).code;
  }
}

class Watched {
  readonly events: ReplaySubject<WatchEvent>;

  constructor(events: ReplaySubject<WatchEvent>) {
    this.events = events;
  }

  async snapshot(): Promise<WatchEvent> {
    return firstValueFrom(this.events.pipe(filter((event) => event.snapshot)));
  }

  async told(peer: string): Promise<WatchEvent> {
    return firstValueFrom(this.events.pipe(filter((event) => event.upserted.some((holder) => holder.peer === peer))));
  }

  async left(peer: string): Promise<WatchEvent['left'][number] | undefined> {
    const event = await firstValueFrom(this.events.pipe(filter(({ left }) => left.some((each) => each.peer === peer))));
    return event.left.find((each) => each.peer === peer);
  }
}

async function metricLine(running: RunningDiary, line: string): Promise<string | undefined> {
  const response = await fetch(`http://127.0.0.1:${running.metricsPort}/metrics`);
  return (await response.text()).split('\n').find((each) => each.startsWith(line));
}

describe('a lease', () => {
  test('a peer that closes its connection is gone at once', async () => {
    const running = await diary();
    const ann = await Asker.joined(running, 'ann');
    await ann.announce(1);
    const watch = (await Asker.joined(running, 'ben')).watch(1);
    await watch.told('ann');
    ann.client.close();
    expect(await watch.left('ann')).toEqual({ peer: 'ann', incarnation: 1, reason: 'connection_closed' });
    expect(await metricLine(running, 'p2p_diary_departures_total{reason="connection_closed"}')).toMatch(/ 1$/);
    expect(await metricLine(running, 'p2p_diary_peers')).toBe('p2p_diary_peers 1');
  });

  test('a peer that leaves is gone as left, and may still ask what needs no lease', async () => {
    const running = await diary();
    const ann = await Asker.joined(running, 'ann');
    await ann.announce(1);
    const watch = (await Asker.joined(running, 'ben')).watch(1);
    await watch.told('ann');
    await ann.ask(DIARY_PATTERNS.leave, {}, emptySchema);
    expect(await watch.left('ann')).toMatchObject({ reason: 'left' });
    await expect(ann.ask(DIARY_PATTERNS.renew, {}, emptySchema)).rejects.toMatchObject({ code: 'NOT_JOINED' });
    await expect(ann.ask(DIARY_PATTERNS.list, { limit: 10 }, listAnswerSchema)).resolves.toEqual({ entries: [], more: false });
  });

  test('a peer that does not renew is gone as expired, and its connection is closed', async () => {
    const running = await diary({ leaseTtlMs: 500 });
    const ann = await Asker.joined(running, 'ann');
    await expect(ann.isGone()).resolves.toBe('CONNECTION_LOST');
    expect(await metricLine(running, 'p2p_diary_departures_total{reason="lease_expired"}')).toMatch(/ 1$/);
  });

  test('a newer life takes the place of the older one at once, and no loss is counted', async () => {
    const running = await diary();
    const old = await Asker.joined(running, 'ann', { incarnation: 1 });
    await old.announce(1);
    const watch = (await Asker.joined(running, 'ben')).watch(1);
    await watch.told('ann');
    const young = await Asker.joined(running, 'ann', { incarnation: 2 });
    expect(await watch.left('ann')).toEqual({ peer: 'ann', incarnation: 1, reason: 'replaced' });
    await expect(old.isGone()).resolves.toBe('CONNECTION_LOST');
    await young.announce(1);
    await young.ask(DIARY_PATTERNS.renew, {}, emptySchema);
    expect(await metricLine(running, 'p2p_diary_departures_total{reason="connection_closed"}')).toMatch(/ 0$/);
  });

  test('the same life on a new connection takes the place of its old connection', async () => {
    const running = await diary();
    const first = await Asker.joined(running, 'ann');
    const second = await Asker.joined(running, 'ann');
    await first.isGone();
    await expect(second.ask(DIARY_PATTERNS.renew, {}, emptySchema)).resolves.toEqual({});
  });

  test('the late close of an old connection leaves the new life alone', async () => {
    const running = await diary();
    const old = await Asker.joined(running, 'ann', { incarnation: 1 });
    const young = await Asker.joined(running, 'ann', { incarnation: 2 });
    await young.announce(1);
    await old.isGone();
    await expect(young.ask(DIARY_PATTERNS.renew, {}, emptySchema)).resolves.toEqual({});
    const found = await young.ask(DIARY_PATTERNS.find, { id: id(1) }, findAnswerSchema);
    expect(found.matches).toMatchObject([{ complete: 1 }]);
  });

  test('an older life of the same peer is refused', async () => {
    const running = await diary();
    await Asker.joined(running, 'ann', { incarnation: 2 });
    const old = await Asker.to(running);
    await expect(old.join('ann', { incarnation: 1 })).rejects.toMatchObject({ code: 'PEER_ID_TAKEN' });
  });

  test('an id in use by another living peer is refused, and free once that peer has gone', async () => {
    const running = await diary();
    const first = await Asker.joined(running, 'ann');
    await first.announce(1);
    const other = await Asker.to(running);
    await expect(other.join('ann', { key: OTHER_KEY, incarnation: 9 })).rejects.toMatchObject({
      code: 'PEER_ID_TAKEN',
      retryAfterMs: 60_000,
    });
    const watch = (await Asker.joined(running, 'ben')).watch(1);
    await watch.told('ann');
    first.client.close();
    await watch.left('ann');
    await expect(other.join('ann', { key: OTHER_KEY, incarnation: 9 })).resolves.toMatchObject({ leaseTtlMs: 60_000 });
  });

  test('a connection that has joined cannot join again', async () => {
    const ann = await Asker.joined(await diary(), 'ann');
    await expect(ann.join('ben')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  test('a pause of the diary itself costs no peer its lease', async () => {
    let pausedMs = 0;
    const running = await diary({ leaseTtlMs: 1_000, now: () => performance.now() + pausedMs });
    const ann = await Asker.joined(running, 'ann');
    pausedMs = 3_600_000;
    await running.logged('leases_extended');
    await expect(ann.ask(DIARY_PATTERNS.renew, {}, emptySchema)).resolves.toEqual({});
  });

  test('another version of the protocol is refused', async () => {
    const asker = await Asker.to(await diary());
    await expect(asker.join('ann', { version: PROTOCOL_VERSION + 1 })).rejects.toMatchObject({ code: 'VERSION_MISMATCH' });
  });

  test('another life of the diary has another epoch', async () => {
    const epochs = [await (await Asker.to(await diary())).join('ann'), await (await Asker.to(await diary())).join('ann')].map(
      ({ epoch }) => epoch,
    );
    expect(epochs[0]).not.toBe(epochs[1]);
  });
});

describe('a watch', () => {
  test('begins with the holders there are, the asker not among them', async () => {
    const running = await diary();
    const ann = await Asker.joined(running, 'ann', { port: 4001 });
    const ben = await Asker.joined(running, 'ben');
    await ann.announce(1);
    await ben.announce(1, 'partial');
    const snapshot = await ben.watch(1).snapshot();
    expect(snapshot.upserted).toEqual([{ peer: 'ann', incarnation: 1, host: '127.0.0.1', port: 4001, state: 'complete', draining: false }]);
    expect(snapshot.total).toBe(2);
  });

  test('of a file nobody knows begins empty and is told of the first holder', async () => {
    const running = await diary();
    const watch = (await Asker.joined(running, 'ben')).watch(1);
    await expect(watch.snapshot()).resolves.toMatchObject({ upserted: [], left: [], total: 0 });
    await (await Asker.joined(running, 'ann')).announce(1);
    await expect(watch.told('ann')).resolves.toMatchObject({ snapshot: false, total: 1 });
  });

  test('is told when a holder becomes complete, drains and withdraws', async () => {
    const running = await diary();
    const ann = await Asker.joined(running, 'ann');
    await ann.announce(1, 'partial');
    const watch = (await Asker.joined(running, 'ben')).watch(1);
    await watch.snapshot();
    await ann.announce(1, 'complete');
    await firstValueFrom(watch.events.pipe(filter(({ upserted }) => upserted[0]?.state === 'complete')));
    await ann.ask(DIARY_PATTERNS.drain, {}, emptySchema);
    await firstValueFrom(watch.events.pipe(filter(({ upserted }) => upserted[0]?.draining === true)));
    await ann.ask(DIARY_PATTERNS.withdraw, { files: [{ id: id(1) }] }, emptySchema);
    expect(await watch.left('ann')).toMatchObject({ reason: 'withdrawn' });
  });

  test('that has been told of as many as its limit hears of new ones only when it asks or one leaves', async () => {
    const running = await diary();
    const ann = await Asker.joined(running, 'ann');
    await ann.announce(1);
    const asker = await Asker.joined(running, 'ben');
    const watch = asker.watch(1, { limit: 1 });
    await watch.told('ann');
    for (const peer of ['cat', 'dan']) await (await Asker.joined(running, peer)).announce(1);
    // The answer to the sample comes after everything that was pushed before it.
    await asker.ask(DIARY_PATTERNS.sample, { watch: 1, exclude: ['ann', 'dan'] }, emptySchema);
    await watch.told('cat');
    ann.client.close();
    await watch.left('ann');
    const peers: string[] = [];
    watch.events.subscribe({ next: ({ upserted }) => peers.push(...upserted.map((holder) => holder.peer)), error: () => undefined });
    expect(peers).toEqual(['ann', 'cat']);
  });

  test('ends with unwatch, and its number can be used again', async () => {
    const running = await diary();
    const asker = await Asker.joined(running, 'ben');
    const watch = asker.watch(1, { watch: 7 });
    await watch.snapshot();
    const ended = firstValueFrom(watch.events.pipe(filter(() => false)), { defaultValue: 'ended' });
    await asker.ask(DIARY_PATTERNS.unwatch, { watch: 7 }, emptySchema);
    await expect(ended).resolves.toBe('ended');
    expect(await metricLine(running, 'p2p_diary_watchers')).toBe('p2p_diary_watchers 0');
    await asker.watch(1, { watch: 7 }).snapshot();
  });

  test('ends with its connection', async () => {
    const running = await diary();
    const asker = await Asker.joined(running, 'ben');
    await asker.announce(2);
    const onlooker = (await Asker.joined(running, 'cat')).watch(2);
    await onlooker.told('ben');
    await asker.watch(1).snapshot();
    expect(await metricLine(running, 'p2p_diary_watchers')).toBe('p2p_diary_watchers 2');
    asker.client.close();
    await onlooker.left('ben');
    expect(await metricLine(running, 'p2p_diary_watchers')).toBe('p2p_diary_watchers 1');
  });

  test('there may be as many on one connection as the bound, and not one more', async () => {
    const running = await diary();
    const asker = await Asker.joined(running, 'ben');
    const watches = Array.from({ length: WATCHES_PER_CONNECTION_MAX }, (_, watch) => asker.watch(1, { watch }));
    for (const watch of watches) await watch.snapshot();
    const oneMore = asker.watch(1, { watch: WATCHES_PER_CONNECTION_MAX });
    await expect(oneMore.snapshot()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  test('two with one number on one connection are refused', async () => {
    const asker = await Asker.joined(await diary(), 'ben');
    await asker.watch(1).snapshot();
    await expect(asker.watch(2).snapshot()).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });
});

describe('the catalogue', () => {
  test('a thousand entries come in pages of a hundred, each once and in order', async () => {
    const running = await diary();
    const ann = await Asker.joined(running, 'ann');
    const names = Array.from({ length: 1_000 }, (_, number) => `dir/${String(number).padStart(4, '0')}`);
    for (let at = 0; at < names.length; at += 50) {
      const files = names.slice(at, at + 50).map((name, offset) => ({ id: id(at + offset), name, bytes: 1, state: 'complete' }));
      await ann.ask(DIARY_PATTERNS.announce, { files }, emptySchema);
    }
    for (const [pattern, peer] of [
      [DIARY_PATTERNS.list, {}],
      [DIARY_PATTERNS.ofPeer, { peer: 'ann' }],
    ] as const) {
      const seen: string[] = [];
      let page = await ann.ask(pattern, { ...peer, limit: 100 }, listAnswerSchema);
      for (;;) {
        seen.push(...page.entries.map((entry) => entry.name));
        const last = page.entries.at(-1);
        if (!page.more || last === undefined) break;
        page = await ann.ask(pattern, { ...peer, after: { name: last.name, id: last.id }, limit: 100 }, listAnswerSchema);
      }
      expect(seen).toEqual(names);
    }
  });

  test('can be asked without a lease', async () => {
    const running = await diary();
    await (await Asker.joined(running, 'ann')).announce(1);
    const asker = await Asker.to(running);
    await expect(asker.ask(DIARY_PATTERNS.find, { name: 'file-1' }, findAnswerSchema)).resolves.toMatchObject({ total: 1 });
    await expect(asker.ask(DIARY_PATTERNS.ofPeer, { peer: 'nobody', limit: 1 }, listAnswerSchema)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('a hostile request', () => {
  const withoutLease: readonly [string, object][] = [
    [DIARY_PATTERNS.renew, {}],
    [DIARY_PATTERNS.drain, {}],
    [DIARY_PATTERNS.leave, {}],
    [DIARY_PATTERNS.announce, { files: [{ id: id(1), name: 'a', bytes: 1, state: 'complete' }] }],
    [DIARY_PATTERNS.withdraw, { files: [{ id: id(1) }] }],
    [DIARY_PATTERNS.watch, { watch: 1, file: id(1), limit: 1 }],
    [DIARY_PATTERNS.unwatch, { watch: 1 }],
    [DIARY_PATTERNS.sample, { watch: 1, exclude: [] }],
  ];

  test.each(withoutLease)('%s before joining is refused', async (pattern, data) => {
    const asker = await Asker.to(await diary());
    await expect(asker.ask(pattern, data, emptySchema)).rejects.toMatchObject({ code: 'NOT_JOINED' });
  });

  test.each(Object.values(DIARY_PATTERNS).filter((pattern) => !['peer.renew', 'peer.drain', 'peer.leave'].includes(pattern)))(
    '%s of the wrong shape is refused, and the connection goes on',
    async (pattern) => {
      const asker = await Asker.joined(await diary(), 'ann');
      for (const data of [{}, [], { files: 'all' }, { limit: -1, name: '../x', watch: 'one', peer: '\0', file: 7 }]) {
        await expect(asker.ask(pattern, data, emptySchema)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
      }
      await asker.ask(DIARY_PATTERNS.renew, {}, emptySchema);
    },
  );

  test.each(['../../etc/passwd', '/absolute', 'a//b', 'nul\0', 'a'.repeat(2_000), ''])('the name %j is refused', async (name) => {
    const asker = await Asker.joined(await diary(), 'ann');
    const files = [{ id: id(1), name, bytes: 1, state: 'complete' }];
    await expect(asker.ask(DIARY_PATTERNS.announce, { files }, emptySchema)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  test('a request that does not exist is refused', async () => {
    const asker = await Asker.joined(await diary(), 'ann');
    await expect(asker.ask('peer.explode', {}, emptySchema)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  test('an unwatch or sample of a watch that is not open is refused', async () => {
    const asker = await Asker.joined(await diary(), 'ann');
    await expect(asker.ask(DIARY_PATTERNS.unwatch, { watch: 1 }, emptySchema)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(asker.ask(DIARY_PATTERNS.sample, { watch: 1, exclude: [] }, emptySchema)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  test('bytes that are no frame cost the sender its connection, are counted, and nobody else notices', async () => {
    const running = await diary();
    const ann = await Asker.joined(running, 'ann');
    const socket = net.connect(running.port, '127.0.0.1');
    closers.push(() => void socket.destroy());
    socket.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.write(Buffer.alloc(4_096, 0xff));
    await closed;
    await running.logged('frame_rejected');
    await ann.ask(DIARY_PATTERNS.renew, {}, emptySchema);
    expect(await metricLine(running, 'p2p_frames_rejected_total{reason="LIMIT_EXCEEDED"}')).toMatch(/ 1$/);
  });
});

describe('starting', () => {
  test('on a port that is taken fails and leaves nothing open', async () => {
    const running = await diary();
    await expect(diary({ port: running.port })).rejects.toMatchObject({ code: 'PORT_TAKEN' });
  });

  test('every request is timed under its name', async () => {
    const running = await diary();
    const ann = await Asker.joined(running, 'ann');
    await ann.watch(1).snapshot();
    expect(await metricLine(running, 'p2p_diary_request_duration_seconds_count{request="peer.join"}')).toMatch(/ 1$/);
    expect(await metricLine(running, 'p2p_diary_request_duration_seconds_count{request="holders.watch"}')).toMatch(/ 1$/);
    expect(await metricLine(running, 'p2p_diary_request_duration_seconds_count{request="peer.leave"}')).toMatch(/ 0$/);
  });
});
