import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import { BODY_CHUNK_BYTES_MAX, Failure, encodeChunkPrefix, encodeMessageFrame } from '@p2p/protocol';
import { FailureFilter, FrameServer } from '@p2p/service';
import { NEVER, Observable, finalize, firstValueFrom, from, of, throwError, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FrameBench, Once, anySchema, bodyOf, bodySchema, concat, failureOf, fetchBody, pattern, soon } from './frame-harness.js';

const MIB = 1024 * 1024;

let bench: FrameBench;
beforeEach(() => {
  bench = new FrameBench();
});
afterEach(() => bench.close());

describe('frames on the wire', () => {
  it('requests cut at every byte, and byte by byte, are whole requests', async () => {
    const server = await bench.serve({ echo: (data: unknown) => ({ data }) });
    const raw = (await bench.raw(server.boundPort)).read();
    const length = encodeMessageFrame({ pattern: 'echo', data: 'é\u{1f600}', id: 100 }).length;
    for (let cut = 1; cut < length; cut++) {
      const frame = encodeMessageFrame({ pattern: 'echo', data: 'é\u{1f600}', id: 100 + cut });
      raw.write(frame.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      raw.write(frame.subarray(cut));
      expect(await raw.next(({ id }) => id === 100 + cut)).toMatchObject({ response: { data: 'é\u{1f600}' } });
    }
    for (const byte of encodeMessageFrame({ pattern: 'echo', data: 'last', id: 1 })) {
      raw.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await raw.next(({ id }) => id === 1)).toMatchObject({ response: { data: 'last' } });
  });

  it('an answer with a body, cut at every byte, arrives whole in its target', async () => {
    const body = pattern(24);
    const answer = (id: unknown): Uint8Array =>
      concat(
        encodeMessageFrame({ id, response: { n: 1, bodyBytes: 24 }, isDisposed: true }),
        encodeChunkPrefix(5),
        body.subarray(0, 5),
        encodeMessageFrame({ id: 'nobody', response: {} }),
        encodeChunkPrefix(19),
        body.subarray(5),
      );
    let cut = 0;
    const port = await bench.rawServer((raw) => {
      raw.read().socket.on('data', () => {
        void (async () => {
          const bytes = answer(raw.came.at(-1)?.['id']);
          const at = ++cut;
          raw.write(bytes.subarray(0, at));
          await new Promise((resolve) => setImmediate(resolve));
          raw.write(bytes.subarray(at));
        })();
      });
    });
    const client = await bench.client(port);
    const length = answer('1').length;
    for (let at = 1; at < length; at++) expect(await fetchBody(client, 'body', 24)).toEqual(body);
    expect(cut).toBe(length - 1);
  });

  it('many requests in one packet are all answered', async () => {
    const server = await bench.serve({ echo: (data: unknown) => ({ data }) });
    const raw = (await bench.raw(server.boundPort)).read();
    raw.write(concat(...Array.from({ length: 50 }, (_, id) => encodeMessageFrame({ pattern: 'echo', data: id, id }))));
    for (let id = 0; id < 50; id++) expect(await raw.next((message) => message['id'] === id)).toMatchObject({ response: { data: id } });
  });

  it.each([1, 1024, 256 * 1024, 256 * 1024 + 1, BODY_CHUNK_BYTES_MAX, 5 * MIB + 3])(
    'a body of %i bytes arrives byte for byte',
    async (length) => {
      const bytes = pattern(length);
      const { body, done } = bodyOf(bytes);
      const server = await bench.serve({ body: () => ({ about: 'it', body }) });
      const client = await bench.client(server.boundPort);
      let received = 0;
      expect(Buffer.compare(await fetchBody(client, 'body', length, (n) => (received += n)), bytes)).toBe(0);
      expect(received).toBe(length);
      expect(await soon(done.happened, 'the end')).toEqual({ outcome: 'sent', sentBytes: length });
      expect(done.count).toBe(1);
    },
  );

  it('what stands beside the body comes with its length, inside the response', async () => {
    const server = await bench.serve({ body: () => ({ codec: 'zstd', body: bodyOf(pattern(3)).body }) });
    const client = await bench.client(server.boundPort);
    const target = new Uint8Array(3);
    const told: unknown[] = [];
    const answer = await client.requestBody('body', {}, bodySchema, {
      timeoutMs: 2000,
      target: (value, bodyBytes) => {
        told.push(value, bodyBytes);
        return target;
      },
    });
    expect(answer).toEqual({ codec: 'zstd', bodyBytes: 3 });
    expect(told).toEqual([answer, 3]);
  });

  it('bodies come one at a time in the order they were answered, with messages between their chunks', async () => {
    const server = await bench.serve(
      { body: (length: number) => ({ body: bodyOf(pattern(length)).body }), ping: () => ({ pong: true }) },
      { pace: { packetDelayMs: 2, packetBytes: 1024 } },
    );
    const raw = (await bench.raw(server.boundPort)).read();
    raw.send({ pattern: 'body', data: 20 * 1024, id: 1 });
    raw.send({ pattern: 'body', data: 2048, id: 2 });
    await raw.next(({ bytes }) => bytes !== undefined);
    raw.send({ pattern: 'ping', data: {}, id: 3 });
    await raw.next(({ body }) => body instanceof Uint8Array && body.length === 2048);
    const order = raw.came.filter(({ bytes }) => bytes === undefined).map(({ id, body }) => id ?? (body as Uint8Array).length);
    expect(order).toEqual([1, 3, 20 * 1024, 2, 2048]);
  });

  it('a body in an item of a stream is refused, and given back', async () => {
    const { body, done } = bodyOf(pattern(10));
    const server = await bench.serve({ body: () => of({ body }) });
    const client = await bench.client(server.boundPort);
    expect((await failureOf(fetchBody(client, 'body', 10))).code).toBe('INTERNAL');
    expect(await soon(done.happened, 'the end')).toEqual({ outcome: 'lost', sentBytes: 0 });
  });

  it('a body of no bytes is an answer without a body', async () => {
    const { body, done } = bodyOf(new Uint8Array(0));
    const server = await bench.serve({ body: () => ({ body }) });
    const client = await bench.client(server.boundPort);
    expect(await client.request('body', {}, bodySchema, { timeoutMs: 2000 })).toEqual({ bodyBytes: 0 });
    expect(await soon(done.happened, 'the end')).toEqual({ outcome: 'sent', sentBytes: 0 });
  });
});

describe('requests', () => {
  it('that nobody answers fail with TIMED_OUT, and the late answer is dropped', async () => {
    const answering = new Once<void>();
    const server = await bench.serve({
      slow: () => answering.happened.then(() => ({ late: true })),
      echo: (data: unknown) => ({ data }),
    });
    const client = await bench.client(server.boundPort);
    expect((await failureOf(client.request('slow', {}, anySchema, { timeoutMs: 30 }))).code).toBe('TIMED_OUT');
    expect((await failureOf(client.requestBody('slow', {}, anySchema, { timeoutMs: 30, target: () => null }))).code).toBe('TIMED_OUT');
    answering.happen();
    expect(await client.request('echo', { a: 1 }, anySchema, { timeoutMs: 2000 })).toEqual({ data: { a: 1 } });
  });

  it('for a body do not time out while bodies come', async () => {
    const server = await bench.serve(
      { body: () => ({ body: bodyOf(pattern(60 * 1024)).body }) },
      { pace: { packetDelayMs: 10, packetBytes: 1024 } },
    );
    const client = await bench.client(server.boundPort);
    const ask = (): Promise<unknown> =>
      client.requestBody('body', {}, bodySchema, { timeoutMs: 400, target: () => new Uint8Array(60 * 1024) });
    // The second waits 600 ms for the first to end.
    expect(await Promise.all([ask(), ask()])).toEqual([{ bodyBytes: 60 * 1024 }, { bodyBytes: 60 * 1024 }]);
  });

  it('whose answer has the wrong shape fail with BAD_REQUEST naming the place', async () => {
    const server = await bench.serve({ odd: () => ({ n: 'one' }) });
    const client = await bench.client(server.boundPort);
    const failure = await failureOf(client.request('odd', {}, z.object({ n: z.number() }), { timeoutMs: 2000 }));
    expect(failure).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('"n"') as string });
  });

  it('that cannot be encoded fail where they are made', async () => {
    const server = await bench.serve({ echo: (data: unknown) => ({ data }) });
    const client = await bench.client(server.boundPort);
    const tooLong = { text: 'x'.repeat(300 * 1024) };
    expect((await failureOf(client.request('echo', tooLong, anySchema, { timeoutMs: 2000 }))).code).toBe('LIMIT_EXCEEDED');
    expect(await client.request('echo', {}, anySchema, { timeoutMs: 2000 })).toEqual({ data: {} });
  });

  it('on a closed connection fail with CONNECTION_LOST, and no new connection is made', async () => {
    let connections = 0;
    const server = await bench.serve({ echo: (data: unknown) => ({ data }) });
    server.unwrap<{ on(event: string, callback: () => void): void }>().on('connection', () => connections++);
    const client = await bench.client(server.boundPort);
    client.close();
    client.notify('echo', {});
    expect((await failureOf(client.request('echo', {}, anySchema, { timeoutMs: 2000 }))).code).toBe('CONNECTION_LOST');
    expect((await failureOf(fetchBody(client, 'echo', 1))).code).toBe('CONNECTION_LOST');
    expect((await failureOf(firstValueFrom(client.stream('echo', {}, anySchema)))).code).toBe('CONNECTION_LOST');
    expect((await firstValueFrom(client.closed)).code).toBe('CONNECTION_LOST');
    expect(connections).toBe(1);
  });

  it('fail with what the handler threw; a mistake of ours says nothing of its inside', async () => {
    const server = await bench.serve({
      busy: () => {
        throw new Failure('BUSY', 'not now', { retryAfterMs: 70 });
      },
      broken: () => Promise.reject(new Error('secret')),
      stream: () => throwError(() => new Failure('NOT_HELD', 'gone')),
    });
    const client = await bench.client(server.boundPort);
    expect(await failureOf(client.request('busy', {}, anySchema, { timeoutMs: 2000 }))).toMatchObject({
      code: 'BUSY',
      message: 'not now',
      retryAfterMs: 70,
    });
    const broken = await failureOf(client.request('broken', {}, anySchema, { timeoutMs: 2000 }));
    expect(broken.code).toBe('INTERNAL');
    expect(broken.message).not.toContain('secret');
    expect(await failureOf(firstValueFrom(client.stream('stream', {}, anySchema)))).toMatchObject({ code: 'NOT_HELD' });
  });
});

describe('streams', () => {
  it('bring every item in order and complete', async () => {
    const items = Array.from({ length: 100 }, (_, n) => ({ n }));
    const server = await bench.serve({ count: () => from(items) });
    const client = await bench.client(server.boundPort);
    expect(await soon(firstValueFrom(client.stream('count', {}, z.object({ n: z.number() })).pipe(toArray())), 'the stream')).toEqual(
      items,
    );
  });

  it('end at the server when their client goes', async () => {
    const started = new Once<void>();
    const ended = new Once<void>();
    const server = await bench.serve({
      forever: () => new Observable(() => started.happen()).pipe(finalize(() => ended.happen())),
    });
    const client = await bench.client(server.boundPort);
    const failed = failureOf(firstValueFrom(client.stream('forever', {}, anySchema)));
    await soon(started.happened, 'the stream');
    client.close();
    expect((await failed).code).toBe('CONNECTION_LOST');
    await soon(ended.happened, 'the end of the stream');
  });

  it('of an event end with its connection too', async () => {
    const started = new Once<void>();
    const ended = new Once<void>();
    const server = await bench.serve({
      note: { onEvent: () => new Observable(() => started.happen()).pipe(finalize(() => ended.happen())) },
    });
    const client = await bench.client(server.boundPort);
    client.notify('note', {});
    await soon(started.happened, 'the event');
    client.close();
    await soon(ended.happened, 'the end of the event');
  });

  it('an item of the wrong shape errors the stream', async () => {
    const server = await bench.serve({ odd: () => of({ n: 1 }, { n: 'two' }) });
    const client = await bench.client(server.boundPort);
    const all = firstValueFrom(client.stream('odd', {}, z.object({ n: z.number() })).pipe(toArray()));
    expect((await failureOf(all)).code).toBe('BAD_REQUEST');
  });

  it('closing the server ends them with CONNECTION_LOST', async () => {
    const started = new Once<void>();
    const server = await bench.serve({
      forever: () => {
        started.happen();
        return NEVER;
      },
    });
    const client = await bench.client(server.boundPort);
    const failed = failureOf(firstValueFrom(client.stream('forever', {}, anySchema)));
    await soon(started.happened, 'the stream');
    server.close();
    expect((await failed).code).toBe('CONNECTION_LOST');
  });
});

describe('the failure filter in a Nest application', () => {
  @Controller()
  class ThrowingController {
    @MessagePattern('failure')
    failure(): never {
      throw new Failure('BUSY', 'not now', { retryAfterMs: 30 });
    }

    @MessagePattern('mistake')
    mistake(): never {
      throw new TypeError('secret');
    }
  }

  @Module({ controllers: [ThrowingController] })
  class ThrowingModule {}

  it('passes failures on as they are, and logs mistakes of ours that it hides', async () => {
    const logged: { event: string; fields: unknown }[] = [];
    const server = new FrameServer({
      host: '127.0.0.1',
      port: 0,
      connectionsMax: 4,
      requestsPerConnectionMax: 4,
      pace: { packetDelayMs: 0, packetBytes: 1024 },
      onViolation: () => {},
    });
    const app = await NestFactory.createMicroservice(ThrowingModule, { strategy: server, logger: false });
    app.useGlobalFilters(new FailureFilter({ error: (event, fields) => void logged.push({ event, fields }) }));
    await app.listen();
    const client = await bench.client(server.boundPort);
    expect(await failureOf(client.request('failure', {}, anySchema, { timeoutMs: 2000 }))).toMatchObject({
      code: 'BUSY',
      retryAfterMs: 30,
    });
    const mistake = await failureOf(client.request('mistake', {}, anySchema, { timeoutMs: 2000 }));
    expect(mistake.code).toBe('INTERNAL');
    expect(mistake.message).not.toContain('secret');
    expect(logged).toMatchObject([{ fields: { pattern: 'mistake', error: { message: 'secret' } } }]);
    await app.close();
  });
});
