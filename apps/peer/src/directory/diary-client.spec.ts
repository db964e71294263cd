import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { Bitmap, encodeManifest, Failure, HASH_BYTES, segmentCountOf } from '@p2p/protocol';
import type { WatchEvent } from '@p2p/protocol';
import { createLogger } from '@p2p/service';
import { filter, firstValueFrom, ReplaySubject, skip } from 'rxjs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Holding } from '../holdings/holding.js';
import { MemoryHoldings } from '../holdings/memory-holdings.js';
import { DiaryClient } from './diary-client.js';

const LAUNCHER = path.join(import.meta.dirname, '../../../diary/bin/p2p-diary.js');
const KEY = '0'.repeat(32);
const OTHER_KEY = '1'.repeat(32);
const id = (number: number): string => number.toString(16).padStart(64, '0');

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface LogLine {
  readonly event: string;
  readonly code?: string;
  readonly port?: number;
}

class LogLines {
  readonly #lines = new ReplaySubject<LogLine>();

  constructor(input: NodeJS.ReadableStream) {
    createInterface({ input }).on('line', (line) => this.#lines.next(JSON.parse(line) as LogLine));
  }

  /** The line of the event's `nth` occurrence, from 0. */
  async line(event: string, nth = 0): Promise<LogLine> {
    return firstValueFrom(
      this.#lines.pipe(
        filter((line) => line.event === event),
        skip(nth),
      ),
    );
  }
}

/** The shipped diary in a process of its own. */
class DiaryProcess {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(options: { port?: number; leaseTtlMs?: number } = {}): Promise<DiaryProcess> {
    const env = {
      ...process.env,
      P2P_DIARY_PORT: String(options.port ?? 0),
      P2P_METRICS_PORT: '0',
      P2P_LEASE_TTL_MS: String(options.leaseTtlMs ?? 6_000),
    };
    const child = spawn(process.execPath, [LAUNCHER], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    closers.push(async () => DiaryProcess.#end(child));
    const { port } = await new LogLines(child.stdout).line('listening');
    if (port === undefined) throw new Error('the diary did not say its port');
    return new DiaryProcess(child, port);
  }

  async kill(): Promise<void> {
    await DiaryProcess.#end(this.#child);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  static async #end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
}

interface Peer {
  readonly client: DiaryClient;
  readonly holdings: MemoryHoldings;
  readonly log: LogLines;
  readonly fatal: Promise<Failure>;
}

interface PeerOptions {
  readonly key?: string;
  readonly incarnation?: number;
  readonly holdings?: readonly Holding[];
  readonly random?: () => number;
}

function peer(diaryPort: number, name: string, options: PeerOptions = {}): Peer {
  const lines = new PassThrough();
  const holdings = new MemoryHoldings();
  for (const holding of options.holdings ?? []) holdings.add(holding);
  const fatal = Promise.withResolvers<Failure>();
  const client = new DiaryClient({
    settings: {
      diary: { host: '127.0.0.1', port: diaryPort },
      peer: name,
      key: options.key ?? KEY,
      incarnation: options.incarnation ?? 1,
      advertisedHost: undefined,
    },
    holdings,
    logger: createLogger({ level: 'debug', app: 'peer', destination: lines }),
    onFatal: fatal.resolve,
    ...(options.random === undefined ? {} : { random: options.random }),
  });
  client.start(4000);
  closers.push(async () => client.leave());
  return { client, holdings, log: new LogLines(lines), fatal: fatal.promise };
}

/** A holding that nobody reads from: here only what is said of it matters. */
class Held implements Holding {
  readonly file: string;
  readonly manifest;
  readonly verified: Bitmap;
  names: readonly string[];

  constructor(number: number, options: { names?: readonly string[]; segments?: number; bytes?: number } = {}) {
    this.file = id(number);
    this.names = options.names ?? [`file-${String(number).padStart(4, '0')}`];
    const bytes = options.bytes ?? 100_000;
    this.manifest = encodeManifest(bytes, new Uint8Array(segmentCountOf(bytes) * HASH_BYTES));
    this.verified = new Bitmap(this.manifest.segmentCount);
    for (let segment = 0; segment < (options.segments ?? this.manifest.segmentCount); segment++) this.verified.add(segment);
  }

  async read(): Promise<number> {
    throw new Failure('NOT_HELD', 'nobody reads here');
  }
}

/** What `by` is told of the holders of a file. */
class Watched {
  readonly events = new ReplaySubject<WatchEvent>();
  readonly #watch;

  constructor(by: Peer, number: number) {
    this.#watch = by.client.watchHolders(id(number));
    this.#watch.events.subscribe(this.events);
  }

  async event(matches: (event: WatchEvent) => boolean): Promise<WatchEvent> {
    return firstValueFrom(this.events.pipe(filter(matches)));
  }

  async told(name: string, matches: (holder: WatchEvent['upserted'][number]) => boolean = () => true): Promise<WatchEvent> {
    return this.event(({ upserted }) => upserted.some((holder) => holder.peer === name && matches(holder)));
  }

  async left(name: string): Promise<WatchEvent> {
    return this.event(({ left }) => left.some((each) => each.peer === name));
  }

  askForMore(exclude: readonly string[]): void {
    this.#watch.askForMore(exclude);
  }

  close(): void {
    this.#watch.close();
  }
}

describe('a peer that starts', () => {
  test('announces all it holds, in as many messages as it takes', async () => {
    const diary = await DiaryProcess.start();
    const onlooker = peer(diary.port, 'onlooker');
    const last = new Watched(onlooker, 199);
    peer(diary.port, 'ann', { holdings: Array.from({ length: 200 }, (_, number) => new Held(number)) });
    await last.told('ann', (holder) => holder.state === 'complete' && holder.host === '127.0.0.1' && holder.port === 4000);
    const first = await onlooker.client.list({ limit: 100, peer: 'ann' });
    const second = await onlooker.client.list({ limit: 100, peer: 'ann', after: { name: 'file-0099', id: id(99) } });
    expect([first.entries.length, first.more, second.entries.length, second.more]).toEqual([100, true, 100, false]);
  });

  test('announces the many names of one content too', async () => {
    const diary = await DiaryProcess.start();
    const onlooker = peer(diary.port, 'onlooker');
    const names = Array.from({ length: 150 }, (_, number) => `empty-${String(number).padStart(3, '0')}`);
    peer(diary.port, 'ann', { holdings: [new Held(1, { names, bytes: 0 }), new Held(2)] });
    await new Watched(onlooker, 2).told('ann');
    await expect(onlooker.client.find({ name: 'empty-149' })).resolves.toMatchObject({ total: 1, matches: [{ complete: 1, bytes: 0 }] });
  });

  test('before its diary joins as soon as that is there', async () => {
    const gone = await DiaryProcess.start();
    await gone.kill();
    const ann = peer(gone.port, 'ann', { holdings: [new Held(1)] });
    await ann.log.line('diary_not_joined');
    expect(ann.client.isConnected).toBe(false);
    await DiaryProcess.start({ port: gone.port });
    await ann.log.line('diary_joined');
    expect(ann.client.isConnected).toBe(true);
  });

  test('with the id of another living peer gives up after two leases', async () => {
    const diary = await DiaryProcess.start({ leaseTtlMs: 500 });
    const first = peer(diary.port, 'ann');
    await first.log.line('diary_joined');
    const second = peer(diary.port, 'ann', { key: OTHER_KEY });
    await expect(second.fatal).resolves.toMatchObject({ code: 'PEER_ID_TAKEN' });
    expect(first.client.isConnected).toBe(true);
  });

  test('as a newer life takes the place of its older one', async () => {
    const diary = await DiaryProcess.start();
    const old = peer(diary.port, 'ann', { holdings: [new Held(1)] });
    const watched = new Watched(peer(diary.port, 'onlooker'), 1);
    await watched.told('ann');
    const young = peer(diary.port, 'ann', { incarnation: 2, holdings: [new Held(1)] });
    await watched.told('ann', (holder) => holder.incarnation === 2);
    await old.log.line('diary_lost');
    expect(young.client.isConnected).toBe(true);
  });
});

describe('what a peer holds', () => {
  test('is announced when it comes, in part, and whole', async () => {
    const diary = await DiaryProcess.start();
    const ann = peer(diary.port, 'ann');
    const watched = new Watched(peer(diary.port, 'onlooker'), 1);
    const holding = new Held(1, { segments: 1 });
    ann.holdings.add(holding);
    await watched.told('ann', (holder) => holder.state === 'partial');
    for (let segment = 1; segment < holding.manifest.segmentCount; segment++) holding.verified.add(segment);
    ann.holdings.gained(holding.file, [1]);
    await watched.told('ann', (holder) => holder.state === 'complete');
  });

  test('is not announced before its first segment', async () => {
    const diary = await DiaryProcess.start();
    const ann = peer(diary.port, 'ann');
    const empty = new Held(1, { segments: 0 });
    ann.holdings.add(empty);
    ann.holdings.add(new Held(2));
    const onlooker = peer(diary.port, 'onlooker');
    await new Watched(onlooker, 2).told('ann');
    await expect(onlooker.client.find({ id: id(1) })).resolves.toMatchObject({ total: 0 });
    empty.verified.add(0);
    ann.holdings.gained(empty.file, [0]);
    await new Watched(onlooker, 1).told('ann', (holder) => holder.state === 'partial');
  });

  test('is listed under its new name and not under the old one, and held all the while', async () => {
    const diary = await DiaryProcess.start();
    const holding = new Held(1, { names: ['old'] });
    const ann = peer(diary.port, 'ann', { holdings: [holding] });
    const onlooker = peer(diary.port, 'onlooker');
    const watched = new Watched(onlooker, 1);
    await watched.told('ann');
    holding.names = ['new'];
    ann.holdings.updated(holding.file);
    ann.holdings.add(new Held(2));
    await new Watched(onlooker, 2).told('ann');
    ann.holdings.remove(id(2), 'withdrawn');
    await new Watched(onlooker, 2).event(({ total }) => total === 0);
    await expect(onlooker.client.list({ limit: 10 })).resolves.toMatchObject({ entries: [{ name: 'new' }] });
    const departures: unknown[] = [];
    watched.events.subscribe(({ left }) => departures.push(...left));
    expect(departures).toEqual([]);
  });

  test('is withdrawn when it goes', async () => {
    const diary = await DiaryProcess.start();
    const ann = peer(diary.port, 'ann', { holdings: [new Held(1)] });
    const watched = new Watched(peer(diary.port, 'onlooker'), 1);
    await watched.told('ann');
    ann.holdings.remove(id(1), 'changed');
    expect((await watched.left('ann')).left).toMatchObject([{ reason: 'withdrawn' }]);
  });

  test('is announced but for the one file that the diary refuses', async () => {
    const diary = await DiaryProcess.start();
    const onlooker = peer(diary.port, 'onlooker');
    const ben = peer(diary.port, 'ben', { holdings: [new Held(0), new Held(1, { names: ['../up'] }), new Held(2)] });
    await new Watched(onlooker, 0).told('ben');
    await new Watched(onlooker, 2).told('ben');
    await expect(ben.log.line('announcement_refused')).resolves.toMatchObject({ code: 'BAD_REQUEST', file: id(1) });
  });
});

describe('a diary that is killed and started again', () => {
  test('is whole again, and a watch goes on with a new snapshot and a new epoch', async () => {
    const diary = await DiaryProcess.start();
    const ann = peer(diary.port, 'ann', { holdings: Array.from({ length: 100 }, (_, number) => new Held(number)) });
    const onlooker = peer(diary.port, 'onlooker');
    const watched = new Watched(onlooker, 99);
    const before = await watched.told('ann');
    await diary.kill();
    await ann.log.line('diary_lost');
    await DiaryProcess.start({ port: diary.port });
    const snapshot = await watched.event((event) => event.snapshot && event.epoch !== before.epoch);
    const told = await watched.event((event) => event.epoch !== before.epoch && event.upserted.some((holder) => holder.peer === 'ann'));
    expect(told.epoch).toBe(snapshot.epoch);
    await expect(onlooker.client.list({ limit: 100, peer: 'ann' })).resolves.toMatchObject({ entries: { length: 100 } });
  });

  test('knows again that a peer drains', async () => {
    const diary = await DiaryProcess.start();
    const ann = peer(diary.port, 'ann', { holdings: [new Held(1)] });
    await ann.log.line('diary_joined');
    await ann.client.drain();
    await diary.kill();
    await ann.log.line('diary_lost');
    await DiaryProcess.start({ port: diary.port });
    await new Watched(peer(diary.port, 'onlooker'), 1).told('ann', (holder) => holder.draining);
  });
});

describe('a diary that stands still', () => {
  test('is given up when a renewal is not answered, and joined again when it goes on', async () => {
    const diary = await DiaryProcess.start({ leaseTtlMs: 500 });
    const ann = peer(diary.port, 'ann', { holdings: [new Held(1)] });
    await ann.log.line('diary_joined');
    diary.signal('SIGSTOP');
    await expect(ann.log.line('diary_lost')).resolves.toMatchObject({ code: 'TIMED_OUT' });
    diary.signal('SIGCONT');
    await ann.log.line('diary_joined', 1);
  });
});

describe('a question', () => {
  test('does not wait for the next of the attempts that grew rare', async () => {
    const gone = await DiaryProcess.start();
    await gone.kill();
    // The first wait is of an hour.
    const ann = peer(gone.port, 'ann', { random: () => 72_000 });
    await ann.log.line('diary_not_joined');
    await DiaryProcess.start({ port: gone.port });
    await expect(ann.client.list({ limit: 10 })).resolves.toMatchObject({ entries: [] });
  });

  test('while the diary is away fails with its address and what to do', async () => {
    const diary = await DiaryProcess.start();
    await diary.kill();
    const ann = peer(diary.port, 'ann');
    const asked = ann.client.find({ name: 'a' });
    await expect(asked).rejects.toMatchObject({ code: 'DIARY_UNREACHABLE' });
    await expect(asked).rejects.toThrow(`127.0.0.1:${diary.port}`);
    await expect(asked).rejects.toThrow('P2P_DIARY');
  });

  test('right after the start waits for the connection', async () => {
    const diary = await DiaryProcess.start();
    await expect(peer(diary.port, 'ann').client.list({ limit: 10 })).resolves.toEqual({ entries: [], more: false });
  });

  test("about a peer nobody knows is answered with the diary's failure", async () => {
    const diary = await DiaryProcess.start();
    await expect(peer(diary.port, 'ann').client.list({ limit: 10, peer: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('going', () => {
  test('a peer that drains and leaves is told of as draining and then as left', async () => {
    const diary = await DiaryProcess.start();
    const ann = peer(diary.port, 'ann', { holdings: [new Held(1)] });
    const watched = new Watched(peer(diary.port, 'onlooker'), 1);
    await watched.told('ann');
    await ann.client.drain();
    await watched.told('ann', (holder) => holder.draining);
    await ann.client.leave();
    expect((await watched.left('ann')).left).toMatchObject([{ reason: 'left' }]);
    expect(ann.client.isConnected).toBe(false);
  });

  test('leaving while the diary is away ends the attempts', async () => {
    const diary = await DiaryProcess.start();
    await diary.kill();
    const ann = peer(diary.port, 'ann');
    await ann.log.line('diary_not_joined');
    await ann.client.leave();
    await expect(ann.client.find({ name: 'a' })).rejects.toMatchObject({ code: 'DIARY_UNREACHABLE' });
  });
});

describe('a watch', () => {
  test('asked for more is told of others than those excluded', async () => {
    const diary = await DiaryProcess.start();
    const onlooker = peer(diary.port, 'onlooker');
    const watched = new Watched(onlooker, 1);
    await watched.event((event) => event.snapshot);
    for (let number = 0; number < 66; number++) peer(diary.port, `peer-${number}`, { holdings: [new Held(1)] });
    const last = await watched.event((event) => event.total === 64);
    expect(last.upserted.length).toBeGreaterThan(0);
    // Who comes later is not told of: the watch has all that it may have, and is asked for more once.
    await expect.poll(() => onlooker.client.find({ id: id(1) }), { timeout: 25_000 }).toMatchObject({ matches: [{ complete: 66 }] });
    const told = new Set<string>();
    watched.events.subscribe(({ upserted }) => upserted.forEach((holder) => told.add(holder.peer)));
    watched.askForMore([...told]);
    await watched.event(
      ({ upserted }) => upserted.length > 0 && upserted.every((holder) => !last.upserted.includes(holder)) && told.size > 64,
    );
  });

  test('that is closed says nothing more', async () => {
    const diary = await DiaryProcess.start();
    const watched = new Watched(peer(diary.port, 'onlooker'), 1);
    await watched.event((event) => event.snapshot);
    const ended = firstValueFrom(watched.events.pipe(filter(() => false)), { defaultValue: 'ended' });
    watched.close();
    await expect(ended).resolves.toBe('ended');
  });
});
