import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import { Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  availabilityEventSchema,
  Bitmap,
  CODECS,
  disputeAnswerSchema,
  encodeManifest,
  Failure,
  HASH_BYTES,
  helloAnswerSchema,
  manifestAnswerSchema,
  manifestBytesOf,
  PEER_PATTERNS,
  PROTOCOL_VERSION,
  segmentAnswerSchema,
  segmentCountOf,
  segmentLengthOf,
  type AvailabilityEvent,
  type Manifest,
  type SegmentAnswer,
} from '@p2p/protocol';
import { createLogger, FailureFilter, FrameClient, FrameServer, noTracer } from '@p2p/service';
import { filter, firstValueFrom, Subject, take, takeWhile, tap, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Holding } from '../holdings/holding.js';
import { SharePlace } from '../share/spec-helper.js';
import { SegmentsController } from './segments.controller.js';
import type { ServedSegment } from './serve-metrics.js';
import { Serve, type ServeOptions } from './serve.js';

const timeoutMs = 10_000;
let place: SharePlace;
let serve: Serve;
let app: INestMicroservice;
let server: FrameServer;
let client: FrameClient;
let served: Subject<ServedSegment>;
let inFlight: number;

beforeEach(async () => {
  place = await SharePlace.make();
  await place.startWhole({ patrolIntervalMs: 3_600_000 });
  served = new Subject();
  inFlight = 0;
});

afterEach(async () => {
  client?.close();
  serve.close();
  await app.close();
  await place.remove();
});

async function startServing(options: Partial<ServeOptions> = {}): Promise<void> {
  const logger = createLogger({ level: 'silent', app: 'test' });
  const pace = { packetDelayMs: options.packetDelayMs ?? 0, packetBytes: options.packetBytes ?? 1024 };
  const metrics = {
    segmentServed: (segment: ServedSegment) => served.next(segment),
    inFlight: (delta: number) => void (inFlight += delta),
  };
  serve = new Serve(
    { holdings: place.holdings, hasher: place.hasher, metrics, logger, tracer: noTracer },
    { peer: 'ann', compression: 'never', ...pace, ...options },
  );
  @Module({ controllers: [SegmentsController], providers: [{ provide: Serve, useValue: serve }] })
  class ServeModule {}
  server = new FrameServer({
    host: '127.0.0.1',
    port: 0,
    connectionsMax: 10,
    requestsPerConnectionMax: 200,
    pace,
    onViolation: () => undefined,
  });
  app = await NestFactory.createMicroservice(ServeModule, { strategy: server, logger: false });
  app.useGlobalFilters(new FailureFilter(logger));
  await app.listen();
  client = await connect();
}

function connect(): Promise<FrameClient> {
  return FrameClient.connect({ host: '127.0.0.1', port: server.boundPort, connectTimeoutMs: timeoutMs });
}

async function shareContent(name: string, content: Uint8Array): Promise<Holding> {
  await place.share(await place.write(name, content));
  return place.holdingNamed(name);
}

let lastRequest = 0;

/** Asks for a segment; `bytes` is the body as it came. */
function ask(
  holding: Holding,
  segment: number,
  over: object = {},
  from = client,
): { request: number; done: Promise<{ answer: SegmentAnswer; bytes: Buffer }>; begun: Promise<void> } {
  const request = ++lastRequest;
  const begun = Promise.withResolvers<void>();
  const target = Buffer.alloc(1024 * 1024);
  const data = { request, file: holding.file, segment, codecs: CODECS, receiverBound: false, ...over };
  const done = from
    .requestBody(PEER_PATTERNS.segment, data, segmentAnswerSchema, { timeoutMs, target: () => target, onBytes: () => begun.resolve() })
    .then((answer) => ({ answer, bytes: target.subarray(0, answer.bodyBytes) }));
  return { request, done, begun: begun.promise };
}

function watch(holding: Holding, number: number, from = client) {
  return from.stream(PEER_PATTERNS.availability, { watch: number, file: holding.file }, availabilityEventSchema);
}

/** A holding of which some segments are there: what a download under way is. */
class Part implements Holding {
  readonly file = 'a'.repeat(64);
  readonly names = ['part'];
  readonly manifest: Manifest;
  readonly verified: Bitmap;
  /** Reads wait for it. */
  gate: Promise<void> = Promise.resolve();

  constructor(fileBytes = 8 * 65_536) {
    this.manifest = encodeManifest(fileBytes, new Uint8Array(segmentCountOf(fileBytes) * HASH_BYTES));
    this.verified = new Bitmap(this.manifest.segmentCount);
  }

  async read(index: number, target: Uint8Array): Promise<number> {
    await this.gate;
    target.fill(index & 0xff, 0, 65_536);
    return 65_536;
  }
}

describe('a shared file', () => {
  it('is served segment by segment with its manifest, and adds up to the file', async () => {
    await startServing();
    const content = randomBytes(5 * 65_536 + 123);
    const holding = await shareContent('file', content);
    const manifestBytes = Buffer.alloc(manifestBytesOf(content.length));
    await client.requestBody(PEER_PATTERNS.manifest, { file: holding.file }, manifestAnswerSchema, {
      timeoutMs,
      target: () => manifestBytes,
    });
    expect(manifestBytes.equals(holding.manifest.bytes)).toBe(true);
    const parts = await Promise.all(Array.from({ length: 6 }, (_, segment) => ask(holding, segment).done));
    expect(parts.map(({ answer }) => answer.rawBytes)).toEqual(parts.map((_, segment) => segmentLengthOf(content.length, segment)));
    expect(Buffer.concat(parts.map(({ bytes }) => bytes)).equals(content)).toBe(true);
    expect(serve.status).toEqual({ active: 0, fileBytes: content.length, wireBytes: content.length });
    expect(serve.buffers.lentBytes).toBe(0);
    expect(inFlight).toBe(0);
  });

  it('that is empty is served as a manifest and a complete holding', async () => {
    await startServing();
    const holding = await shareContent('empty', new Uint8Array(0));
    expect(await firstValueFrom(watch(holding, 1))).toEqual({ kind: 'complete' });
    const target = Buffer.alloc(16);
    expect(
      await client.requestBody(PEER_PATTERNS.manifest, { file: holding.file }, manifestAnswerSchema, { timeoutMs, target: () => target }),
    ).toEqual({ bodyBytes: 16 });
    await expect(ask(holding, 0).done).rejects.toMatchObject({ code: 'NOT_HELD' });
  });

  it('that changes on disk is never served as something else', async () => {
    await startServing();
    const holding = await shareContent('file', randomBytes(200_000));
    await ask(holding, 0).done;
    const watching = firstValueFrom(watch(holding, 1).pipe(filter((event) => event.kind === 'draining'))).catch(
      (failure: Failure) => failure.code,
    );
    await firstValueFrom(watch(holding, 2));
    await fs.writeFile(place.shares.list()[0]?.path ?? '', randomBytes(200_000));
    await expect(ask(holding, 1).done).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    expect(await watching).toBe('FILE_CHANGED');
    await expect(ask(holding, 1).done).rejects.toMatchObject({ code: 'NOT_HELD' });
    expect(serve.buffers.lentBytes).toBe(0);
  });

  it('that compresses arrives compressed, intact, and from the cache the second time', async () => {
    await startServing({ compression: 'always' });
    const content = Buffer.from('compressible '.repeat(10_000));
    const holding = await shareContent('text', content);
    const first = await ask(holding, 0).done;
    expect(first.answer).toMatchObject({ codec: 'deflate', rawBytes: 65_536 });
    expect(first.bytes.length).toBeLessThan(10_000);
    const second = await ask(holding, 0).done;
    expect(second.bytes.equals(first.bytes)).toBe(true);
    expect(serve.buffers.lentBytes).toBe(0);
    expect((await ask(holding, 0, { codecs: ['identity'] }).done).bytes.equals(content.subarray(0, 65_536))).toBe(true);
  });
});

describe('requests of one connection', () => {
  it('are answered in their order, a failure at once', async () => {
    await startServing();
    const part = new Part();
    for (const index of [0, 1, 2, 3]) part.verified.add(index);
    place.holdings.add(part);
    const gate = Promise.withResolvers<void>();
    part.gate = gate.promise;
    const order: string[] = [];
    const all = [0, 1, 99, 2, 3].map((segment) =>
      ask(part, segment).done.then(
        () => order.push(`${segment}`),
        (failure: Failure) => (order.push(failure.code), failure.code === 'NOT_HELD' && gate.resolve()),
      ),
    );
    await Promise.all(all);
    expect(order).toEqual(['NOT_HELD', '0', '1', '2', '3']);
  });

  it('beyond 64 are told BUSY, and when to ask again', async () => {
    await startServing();
    const part = new Part();
    part.verified.add(0);
    place.holdings.add(part);
    const gate = Promise.withResolvers<void>();
    part.gate = gate.promise;
    const taken = Array.from({ length: 64 }, () => ask(part, 0).done);
    await expect(ask(part, 0).done).rejects.toMatchObject({ code: 'BUSY', retryAfterMs: 100 });
    // Two of them are being read, and no more have memory.
    expect(serve.buffers.lentBytes).toBe(2 * 65_536);
    gate.resolve();
    await Promise.all(taken);
    expect(serve.buffers.lentBytes).toBe(0);
  });

  it('with a number that is under way are refused', async () => {
    await startServing({ packetDelayMs: 20 });
    const holding = await shareContent('file', randomBytes(100_000));
    const first = ask(holding, 0);
    first.done.catch(() => undefined);
    await first.begun;
    await expect(ask(holding, 1, { request: first.request }).done).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });
});

describe('a request that is cancelled', () => {
  it.each([
    ['while its body is under way', 0],
    ['while it waits behind another', 2],
  ])('%s fails with CANCELLED and what it used is free', async (_title, which) => {
    await startServing({ packetDelayMs: 20 });
    const holding = await shareContent('file', randomBytes(4 * 65_536));
    const asked = [0, 1, 2].map((segment) => ask(holding, segment));
    const outcomes = asked.map(({ done }) =>
      done.then(
        () => 'received',
        (failure: Failure) => failure.code,
      ),
    );
    await asked[0]?.begun;
    client.notify(PEER_PATTERNS.cancel, { request: asked[which]?.request });
    expect(await outcomes[which]).toBe('CANCELLED');
    const rest = asked.filter((_, index) => index !== which);
    for (const { request } of rest) client.notify(PEER_PATTERNS.cancel, { request });
    expect(await Promise.all(outcomes)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED']);
    // A read that is under way cannot be stopped; its buffer comes back when it ends.
    await expect.poll(() => serve.buffers.lentBytes).toBe(0);
    expect(inFlight).toBe(0);
  });

  it('in the same breath as it is asked, or before, is not served', async () => {
    await startServing();
    const holding = await shareContent('file', randomBytes(65_536));
    client.notify(PEER_PATTERNS.cancel, { request: lastRequest + 1 });
    await expect(ask(holding, 0).done).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

it('a connection that goes takes its requests with it, in any stage, and its memory comes back', async () => {
  await startServing({ packetDelayMs: 20 });
  const holding = await shareContent('file', randomBytes(4 * 65_536));
  const other = await connect();
  const asked = [0, 1, 2, 3].map((segment) => ask(holding, segment, {}, other));
  const outcomes = Promise.all(asked.map(({ done }) => done.catch((failure: Failure) => failure.code)));
  await asked[0]?.begun;
  const accounted = firstValueFrom(served.pipe(take(4), toArray()));
  other.close();
  expect((await accounted).map(({ outcome }) => outcome)).toEqual(['lost', 'lost', 'lost', 'lost']);
  expect(await outcomes).toEqual(['CONNECTION_LOST', 'CONNECTION_LOST', 'CONNECTION_LOST', 'CONNECTION_LOST']);
  await expect.poll(() => serve.buffers.lentBytes).toBe(0);
  await expect.poll(() => serve.segments.clients).toBe(0);
});

describe('watching what is held', () => {
  it('tells what is there, then gains in batches, then that it is complete', async () => {
    await startServing();
    const part = new Part(3000 * 1024 * 1024);
    part.verified.add(7);
    place.holdings.add(part);
    const told = Promise.withResolvers<AvailabilityEvent>();
    const all = firstValueFrom(
      watch(part, 1).pipe(
        tap((event) => told.resolve(event)),
        takeWhile((event) => event.kind !== 'complete', true),
        toArray(),
      ),
    );
    expect(await told.promise).toEqual({ kind: 'bitmap', bitmap: part.verified.toBase64() });
    const gained = Array.from({ length: 3000 }, (_, index) => index).filter((index) => index !== 7);
    for (const index of gained) {
      part.verified.add(index);
      place.holdings.gained(part.file, [index]);
    }
    const batches = (await all).flatMap((event) => (event.kind === 'gained' ? [event.segments] : []));
    expect(batches.map((segments) => segments.length)).toEqual([1024, 1024, 951]);
    expect(batches.flat()).toEqual(gained);
    expect((await all).at(-1)).toEqual({ kind: 'complete' });
  });

  it('ends when it is unwatched, and its number is free again', async () => {
    await startServing();
    const part = new Part();
    place.holdings.add(part);
    const ended = firstValueFrom(watch(part, 1).pipe(toArray()));
    client.notify(PEER_PATTERNS.unwatchAvailability, { watch: 1 });
    await ended;
    expect(serve.availability.size).toBe(0);
    expect(await firstValueFrom(watch(part, 1))).toMatchObject({ kind: 'bitmap' });
  });

  it('fails with NOT_HELD when the file is unshared, and for a file that is not held', async () => {
    await startServing();
    const holding = await shareContent('file', randomBytes(10));
    const events = watch(holding, 1);
    const last = firstValueFrom(events.pipe(toArray())).catch((failure: Failure) => failure.code);
    await firstValueFrom(watch(holding, 2));
    await place.shares.unshare('file');
    expect(await last).toBe('NOT_HELD');
    await expect(firstValueFrom(watch(holding, 3))).rejects.toMatchObject({ code: 'NOT_HELD' });
  });
});

describe('a peer that drains', () => {
  it('finishes what it owes, takes nothing new and tells watchers', async () => {
    await startServing({ packetDelayMs: 2 });
    const holding = await shareContent('file', randomBytes(2 * 65_536));
    const told = firstValueFrom(watch(holding, 1).pipe(filter((event) => event.kind === 'draining')));
    const owed = ask(holding, 0);
    await owed.begun;
    const drained = serve.drain(10_000);
    await expect(ask(holding, 1).done).rejects.toMatchObject({ code: 'DRAINING' });
    await told;
    expect((await owed.done).bytes).toHaveLength(65_536);
    expect(await drained).toBe(true);
  });

  it('waits no longer than it is told to', async () => {
    await startServing({ packetDelayMs: 1000 });
    const holding = await shareContent('file', randomBytes(2 * 65_536));
    const owed = ask(holding, 0);
    owed.done.catch(() => undefined);
    await owed.begun;
    expect(await serve.drain(10)).toBe(false);
  });
});

describe('a dispute', () => {
  it('about a segment that is intact says so', async () => {
    await startServing();
    const holding = await shareContent('file', randomBytes(100_000));
    expect(await client.request(PEER_PATTERNS.dispute, { file: holding.file, segment: 1 }, disputeAnswerSchema, { timeoutMs })).toEqual({
      intact: true,
    });
    expect(place.holdings.get(holding.file)).toBe(holding);
  });

  it('about one that is not withdraws the file', async () => {
    await startServing();
    const part = new Part();
    part.verified.add(3);
    place.holdings.add(part);
    expect(await client.request(PEER_PATTERNS.dispute, { file: part.file, segment: 3 }, disputeAnswerSchema, { timeoutMs })).toEqual({
      intact: false,
    });
    expect(place.holdings.get(part.file)).toBeUndefined();
  });
});

it('hello tells who answers and how fast, and refuses another version', async () => {
  await startServing({ packetDelayMs: 0.5, packetBytes: 2048 });
  const hello = (version: number) => client.request(PEER_PATTERNS.hello, { version, peer: 'bob' }, helloAnswerSchema, { timeoutMs });
  expect(await hello(PROTOCOL_VERSION)).toEqual({ version: PROTOCOL_VERSION, peer: 'ann', packetDelayMs: 0.5, packetBytes: 2048 });
  await expect(hello(PROTOCOL_VERSION + 1)).rejects.toMatchObject({ code: 'VERSION_MISMATCH' });
});

it('a request without the shape it must have is refused', async () => {
  await startServing();
  await expect(client.request(PEER_PATTERNS.segment, { file: 'no' }, segmentAnswerSchema, { timeoutMs })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
});
