import { BODY_CHUNK_BYTES_MAX, FRAME_HEADER_BYTES_MAX, FRAME_HEADER_DEPTH_MAX, encodeMessageFrame, type Failure } from '@p2p/protocol';
import { parse } from '@p2p/service';
import { finalize, interval, map } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FrameBench, Once, concat, failureOf, pattern, prefix, soon, type Handlers, type RawPeer } from './frame-harness.js';

const anySchema = z.looseObject({});
const bodySchema = z.object({ bodyBytes: z.number() });

let bench: FrameBench;
beforeEach(() => {
  bench = new FrameBench();
});
afterEach(() => bench.close());

const HANDLERS: Handlers = { echo: (data: unknown) => ({ data }), note: { onEvent: () => undefined } };

describe('a server that is sent', () => {
  const text = new TextEncoder();
  const request = encodeMessageFrame({ pattern: 'echo', data: 1, id: 1 });
  const deep = '['.repeat(FRAME_HEADER_DEPTH_MAX) + ']'.repeat(FRAME_HEADER_DEPTH_MAX);
  const frame = (json: string): Uint8Array => concat(prefix(text.encode(json).length, 0), text.encode(json));

  it.each([
    ['a header one byte over the limit', prefix(FRAME_HEADER_BYTES_MAX + 1, 0), 'LIMIT_EXCEEDED'],
    ['a header of 4 GiB', prefix(0xffff_ffff, 0), 'LIMIT_EXCEEDED'],
    ['a chunk one byte over the limit', prefix(0, BODY_CHUNK_BYTES_MAX + 1), 'LIMIT_EXCEEDED'],
    ['a chunk without a body', concat(prefix(0, 5), pattern(5)), 'BAD_REQUEST'],
    ['an abort without a body', prefix(0, 0), 'BAD_REQUEST'],
    ['a frame with header and body', prefix(20, 20), 'BAD_REQUEST'],
    ['a header that is not JSON', frame('{"pattern":'), 'BAD_REQUEST'],
    ['a header that is not UTF-8', concat(prefix(3, 0), Uint8Array.of(0x22, 0xff, 0x22)), 'BAD_REQUEST'],
    ['a JSON array', frame('[]'), 'BAD_REQUEST'],
    ['a JSON null', frame('null'), 'BAD_REQUEST'],
    ['JSON that nests too deep', frame(`{"pattern":"echo","id":1,"data":${deep}}`), 'BAD_REQUEST'],
    ['a message without a pattern', frame('{"id":1}'), 'BAD_REQUEST'],
    ['a pattern that is an object', frame('{"pattern":{"a":1},"id":1}'), 'BAD_REQUEST'],
    ['a pattern of 129 characters', frame(`{"pattern":"${'p'.repeat(129)}","id":1}`), 'BAD_REQUEST'],
    ['an id that is an object', frame('{"pattern":"echo","id":{}}'), 'BAD_REQUEST'],
    ['an id of 65 characters', frame(`{"pattern":"echo","id":"${'i'.repeat(65)}"}`), 'BAD_REQUEST'],
    ['metadata that is no record of strings', frame('{"pattern":"echo","id":1,"metadata":{"a":{}}}'), 'BAD_REQUEST'],
    ['a request that announces a body', frame('{"pattern":"echo","id":1,"response":{"bodyBytes":9}}'), 'BAD_REQUEST'],
    ['an event of an unknown pattern', frame('{"pattern":"nothing"}'), 'BAD_REQUEST'],
    ['an event where a request belongs', frame('{"pattern":"echo","data":1}'), 'BAD_REQUEST'],
  ])('%s closes the connection, tells of it, and serves the next', async (_, bytes, code) => {
    const server = await bench.serve(HANDLERS);
    const raw = await bench.raw(server.boundPort);
    raw.write(request);
    await raw.read().next();
    raw.write(bytes);
    await soon(raw.closed, 'the close');
    expect(bench.violations).toMatchObject([{ failure: { code }, remote: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string }]);
    const client = await bench.client(server.boundPort);
    expect(await client.request('echo', { a: 1 }, anySchema, { timeoutMs: 2000 })).toEqual({ data: { a: 1 } });
  });

  it('what follows a broken frame in the same packet is not looked at', async () => {
    let handled = 0;
    const server = await bench.serve({ echo: () => ({ handled: ++handled }) });
    const raw = await bench.raw(server.boundPort);
    raw.write(concat(prefix(0, 0), request, request));
    await soon(raw.closed, 'the close');
    expect(handled).toBe(0);
    expect(bench.violations.length).toBe(1);
  });

  it('a header of exactly the limit answers it', async () => {
    const server = await bench.serve({ length: (data: unknown) => ({ length: String(data).length }) });
    const raw = await bench.raw(server.boundPort);
    const bare = JSON.stringify({ pattern: 'length', id: 1, data: '' }).length;
    raw.read().send({ pattern: 'length', id: 1, data: 'x'.repeat(FRAME_HEADER_BYTES_MAX - bare) });
    expect(await raw.next()).toMatchObject({ id: 1, response: { length: FRAME_HEADER_BYTES_MAX - bare } });
    expect(bench.violations).toEqual([]);
  });

  it('an unknown request answers BAD_REQUEST and keeps the connection', async () => {
    const server = await bench.serve(HANDLERS);
    const client = await bench.client(server.boundPort);
    expect(await failureOf(client.request('nothing', {}, anySchema, { timeoutMs: 2000 }))).toMatchObject({ code: 'BAD_REQUEST' });
    expect(await failureOf(client.request('note', {}, anySchema, { timeoutMs: 2000 }))).toMatchObject({ code: 'BAD_REQUEST' });
    expect(await client.request('echo', {}, anySchema, { timeoutMs: 2000 })).toEqual({ data: {} });
  });

  it('an event that its handler finds malformed closes the connection', async () => {
    const server = await bench.serve({ note: { onEvent: (data: unknown) => void parse(z.object({ n: z.number() }), data) } });
    const raw = await bench.raw(server.boundPort);
    raw.send({ pattern: 'note', data: { n: 1 } });
    raw.send({ pattern: 'note', data: { n: 'one' } });
    await soon(raw.closed, 'the close');
    expect(await bench.violation()).toBe('BAD_REQUEST');
  });
});

describe('a client that is sent', () => {
  /** Answers the first request with `bytes`. */
  async function answering(bytes: (id: unknown) => Uint8Array): Promise<{ port: number; peer: Promise<RawPeer> }> {
    const connected = new Once<RawPeer>();
    const port = await bench.rawServer((raw) => {
      connected.happen(raw);
      void raw
        .read()
        .next()
        .then(({ id }) => raw.write(bytes(id)));
    });
    return { port, peer: connected.happened };
  }
  const announce = (id: unknown, bodyBytes: unknown): Uint8Array => encodeMessageFrame({ id, response: { bodyBytes }, isDisposed: true });

  it.each([
    ['a body longer than announced', (id: unknown) => concat(announce(id, 10), prefix(0, 11), pattern(11)), 'CONNECTION_LOST'],
    ['a chunk too many', (id: unknown) => concat(announce(id, 4), prefix(0, 4), pattern(4), prefix(0, 1), pattern(1)), 'received'],
    ['a chunk before any body', () => concat(prefix(0, 4), pattern(4)), 'CONNECTION_LOST'],
    ['a body that nobody asked for', () => concat(announce('no such', 4), prefix(0, 4), pattern(4)), 'CONNECTION_LOST'],
    ['a second body inside the first', (id: unknown) => concat(announce(id, 4), announce(id, 4)), 'CONNECTION_LOST'],
    ['a body of half a byte', (id: unknown) => announce(id, 0.5), 'CONNECTION_LOST'],
    ['a body of a negative length', (id: unknown) => announce(id, -1), 'CONNECTION_LOST'],
    ['a body that does not fit', (id: unknown) => announce(id, 65), 'LIMIT_EXCEEDED'],
  ])('%s closes the connection', async (_, bytes, code) => {
    const { port, peer } = await answering(bytes);
    const client = await bench.client(port);
    const target = new Uint8Array(64);
    const asked = client.requestBody('body', {}, bodySchema, { timeoutMs: 2000, target: () => target });
    expect(
      await asked.then(
        () => 'received',
        (error: Failure) => error.code,
      ),
    ).toBe(code);
    await soon((await peer).closed, 'the close');
  });

  it('a body as the answer to a request that has none closes the connection', async () => {
    const { port, peer } = await answering((id) => announce(id, 4));
    const client = await bench.client(port);
    expect((await failureOf(client.request('plain', {}, anySchema, { timeoutMs: 2000 }))).code).toBe('CONNECTION_LOST');
    await soon((await peer).closed, 'the close');
  });

  it('an answer of the wrong shape never gets a target', async () => {
    const { port } = await answering((id) => encodeMessageFrame({ id, response: { bodyBytes: 4, codec: 'rot13' }, isDisposed: true }));
    const client = await bench.client(port);
    let targets = 0;
    const schema = z.object({ bodyBytes: z.number(), codec: z.enum(['identity']) });
    const failure = await failureOf(
      client.requestBody('body', {}, schema, {
        timeoutMs: 2000,
        target: () => {
          targets++;
          return new Uint8Array(4);
        },
      }),
    );
    expect(failure).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('codec') as string });
    expect(targets).toBe(0);
  });

  it('an answer without the body is BAD_REQUEST', async () => {
    const { port } = await answering((id) => encodeMessageFrame({ id, response: {}, isDisposed: true }));
    const client = await bench.client(port);
    const asked = client.requestBody('body', {}, anySchema, { timeoutMs: 2000, target: () => new Uint8Array(4) });
    expect((await failureOf(asked)).code).toBe('BAD_REQUEST');
  });

  it.each([
    ['null', () => null, 'BAD_REQUEST'],
    [
      'a throw',
      () => {
        throw new Error('no');
      },
      'INTERNAL',
    ],
  ])('a body that its target refuses with %s closes the connection and fails the request', async (_, target, code) => {
    const { port, peer } = await answering((id) => announce(id, 4));
    const client = await bench.client(port);
    expect((await failureOf(client.requestBody('body', {}, bodySchema, { timeoutMs: 2000, target }))).code).toBe(code);
    await soon((await peer).closed, 'the close');
  });

  it('a throw from onBytes closes the connection and not the process', async () => {
    const { port, peer } = await answering((id) => concat(announce(id, 4), prefix(0, 4), pattern(4)));
    const client = await bench.client(port);
    const asked = client.requestBody('body', {}, bodySchema, {
      timeoutMs: 2000,
      target: () => new Uint8Array(4),
      onBytes: () => {
        throw new Error('no');
      },
    });
    expect((await failureOf(asked)).code).toBe('CONNECTION_LOST');
    await soon((await peer).closed, 'the close');
  });
});

describe('a client that takes its time', () => {
  it('and sends a message byte by byte for too long is cut off, though every byte comes in time', async () => {
    const server = await bench.serve(HANDLERS, { incompleteFrameMs: 60 });
    const raw = await bench.raw(server.boundPort);
    const bytes = encodeMessageFrame({ pattern: 'echo', data: 'x'.repeat(1000), id: 1 });
    let sent = 0;
    const dripping = setInterval(() => raw.write(bytes.subarray(sent, ++sent)), 10);
    await soon(raw.closed, 'the close');
    clearInterval(dripping);
    expect(sent).toBeLessThan(200);
    expect(await bench.violation()).toBe('TIMED_OUT');
  });

  it('and never says anything is cut off', async () => {
    const server = await bench.serve(HANDLERS, { incompleteFrameMs: 50 });
    const raw = await bench.raw(server.boundPort);
    await soon(raw.closed, 'the close');
    expect(await bench.violation()).toBe('TIMED_OUT');
  });

  it('is not cut off for the time in which the server itself was held up', async () => {
    const server = await bench.serve(HANDLERS, { incompleteFrameMs: 50 });
    const raw = (await bench.raw(server.boundPort)).read();
    const bytes = encodeMessageFrame({ pattern: 'echo', data: 'whole', id: 1 });
    raw.write(bytes.subarray(0, 9));
    await new Promise((resolve) => setTimeout(resolve, 5));
    // The rest is with the kernel before the server's time-out strikes, but time-outs are looked at before sockets are.
    setImmediate(() => {
      raw.write(bytes.subarray(9));
      const untilMs = performance.now() + 100;
      while (performance.now() < untilMs);
    });
    expect(await raw.next()).toMatchObject({ id: 1, response: { data: 'whole' } });
    expect(bench.violations).toEqual([]);
  });

  it('between whole messages may be silent as long as it likes', async () => {
    const server = await bench.serve(HANDLERS, { incompleteFrameMs: 40 });
    const client = await bench.client(server.boundPort);
    await client.request('echo', {}, anySchema, { timeoutMs: 2000 });
    // Four times the time a message may take: whatever would strike has struck by then.
    await new Promise((resolve) => setTimeout(resolve, 160));
    expect(await client.request('echo', {}, anySchema, { timeoutMs: 2000 })).toEqual({ data: {} });
    expect(bench.violations).toEqual([]);
  });
});

describe('a client that asks and never reads', () => {
  it('is cut off when its waiting answers pass the bound', async () => {
    const answer = 'y'.repeat(200 * 1024);
    const server = await bench.serve({ big: () => ({ answer }) }, { sendQueuedBytesMax: 4 * 1024 * 1024 });
    const raw = await bench.raw(server.boundPort);
    const request = encodeMessageFrame({ pattern: 'big', data: 1, id: 1 });
    // One read holds 64 of them: more answers than the bound, whatever the kernel takes.
    raw.write(concat(...Array.from({ length: 60 }, () => request)));
    expect(await bench.violation()).toBe('LIMIT_EXCEEDED');
    await soon(raw.read().closed, 'the close');
  });

  it('is cut off by a stream that goes on', async () => {
    const item = 'z'.repeat(100 * 1024);
    const ended = new Once<void>();
    const server = await bench.serve(
      {
        flood: () =>
          interval(0).pipe(
            map(() => ({ item })),
            finalize(() => ended.happen()),
          ),
      },
      { sendQueuedBytesMax: 2 * 1024 * 1024 },
    );
    const raw = await bench.raw(server.boundPort);
    raw.send({ pattern: 'flood', data: 1, id: 1 });
    expect(await bench.violation()).toBe('LIMIT_EXCEEDED');
    await soon(ended.happened, 'the end of the stream');
    await soon(raw.read().closed, 'the close');
  });

  it('is cut off when it has taken nothing for too long', async () => {
    const answer = 'y'.repeat(250 * 1024);
    const server = await bench.serve({ big: () => ({ answer }) }, { sendStallMs: 50 });
    const raw = await bench.raw(server.boundPort);
    for (let id = 0; id < 63; id++) raw.send({ pattern: 'big', data: 1, id });
    expect(await bench.violation()).toBe('TIMED_OUT');
    await soon(raw.read().closed, 'the close');
  });

  it('is cut off when too much waits for all such clients together, and one that reads is served on', async () => {
    const answer = 'y'.repeat(200 * 1024);
    const server = await bench.serve({ big: () => ({ answer }) }, { sendQueuedTotalBytesMax: 8 * 1024 * 1024 });
    const reading = await bench.client(server.boundPort);
    const request = encodeMessageFrame({ pattern: 'big', data: 1, id: 1 });
    const greedy = await Promise.all(Array.from({ length: 8 }, () => bench.raw(server.boundPort)));
    // Less than one connection may let wait by itself.
    for (const each of greedy) each.write(concat(...Array.from({ length: 60 }, () => request)));
    expect(await bench.violation()).toBe('LIMIT_EXCEEDED');
    expect(await reading.request('big', {}, anySchema, { timeoutMs: 2000 })).toEqual({ answer });
    for (const each of greedy) each.socket.destroy();
    await Promise.all(greedy.map((each) => soon(each.closed, 'the close')));
    // What those had waiting no longer counts.
    const late = await bench.raw(server.boundPort);
    for (let id = 0; id < 20; id++) late.send({ pattern: 'big', data: 1, id });
    late.read();
    expect(await late.next(({ id }) => id === 19)).toMatchObject({ response: { answer } });
    expect(new Set(bench.violations.map(({ failure }) => failure.code))).toEqual(new Set(['LIMIT_EXCEEDED']));
  });

  it('with too many requests at once is told BUSY', async () => {
    const server = await bench.serve(
      { never: () => new Promise(() => {}), echo: (data: unknown) => ({ data }) },
      {
        requestsPerConnectionMax: 2,
      },
    );
    const client = await bench.client(server.boundPort);
    void client.request('never', {}, anySchema, { timeoutMs: 60_000 }).catch(() => {});
    void client.request('never', {}, anySchema, { timeoutMs: 60_000 }).catch(() => {});
    const failure = await failureOf(client.request('echo', {}, anySchema, { timeoutMs: 2000 }));
    expect(failure.code).toBe('BUSY');
    expect(failure.retryAfterMs).toBeGreaterThan(0);
    // Another connection has a count of its own.
    expect(await (await bench.client(server.boundPort)).request('echo', {}, anySchema, { timeoutMs: 2000 })).toEqual({ data: {} });
  });
});

describe('a server with as many connections as it may have', () => {
  it('closes the next at once and serves the others', async () => {
    const server = await bench.serve(HANDLERS, { connectionsMax: 1 });
    const client = await bench.client(server.boundPort);
    await client.request('echo', {}, anySchema, { timeoutMs: 2000 });
    const raw = await bench.raw(server.boundPort);
    await soon(raw.closed, 'the close');
    expect(await bench.violation()).toBe('BUSY');
    expect(await client.request('echo', {}, anySchema, { timeoutMs: 2000 })).toEqual({ data: {} });
  });
});
