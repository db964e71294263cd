import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Failure } from '@p2p/protocol';
import { NEVER, finalize, firstValueFrom, interval, lastValueFrom, map, take, tap } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FrameBench, Once, anySchema, bodyOf, failureOf, fetchBody, pattern, soon } from './frame-harness.js';

const MIB = 1024 * 1024;

let bench: FrameBench;
beforeEach(() => {
  bench = new FrameBench();
});
afterEach(() => bench.close());

describe('connections', () => {
  it('both sides keep them alive by the kernel', async () => {
    const server = await bench.serve({ echo: (data: unknown) => ({ data }) });
    const client = await bench.client(server.boundPort);
    await client.request('echo', {}, anySchema, { timeoutMs: 2000 });
    const port = server.boundPort.toString(16).toUpperCase().padStart(4, '0');
    const isOn = async (): Promise<number> => {
      const rows = (await readFile('/proc/self/net/tcp', 'utf8')).split('\n').map((row) => row.trim().split(/\s+/));
      // State 01: established; timer 02: keep-alive.
      return rows.filter((row) => row[3] === '01' && `${row[1]} ${row[2]}`.includes(`:${port}`) && row[5]?.startsWith('02')).length;
    };
    const untilMs = performance.now() + 2000;
    // Another timer (a delayed acknowledgement) may be shown for some milliseconds first.
    while ((await isOn()) < 2 && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await isOn()).toBe(2);
  });

  it('send small messages at once, without waiting for the one before to be acknowledged', async () => {
    const server = await bench.serve({
      pair: () =>
        interval(1).pipe(
          take(2),
          map(() => ({ atMs: performance.now() })),
        ),
    });
    const client = await bench.client(server.boundPort);
    const latenciesMs: number[] = [];
    const ask = (): Promise<unknown> =>
      lastValueFrom(
        client.stream('pair', {}, z.object({ atMs: z.number() })).pipe(tap(({ atMs }) => latenciesMs.push(performance.now() - atMs))),
      );
    for (let round = 0; round < 20; round++) await soon(ask(), 'a pair of messages');
    // Who asks and answers in turn acknowledges late; Nagle's algorithm would hold the second of each pair back for 40 ms.
    expect(latenciesMs.filter((ms) => ms > 30).length).toBeLessThan(10);
  });

  it('where nobody listens are UNREACHABLE', async () => {
    const server = await bench.serve({});
    const port = server.boundPort;
    server.close();
    expect((await failureOf(bench.client(port))).code).toBe('UNREACHABLE');
  });

  it('to a port that is taken cannot be listened on: PORT_TAKEN', async () => {
    const server = await bench.serve({});
    expect((await failureOf(bench.serve({}, { port: server.boundPort }))).code).toBe('PORT_TAKEN');
  });

  it('to a host this machine is not are BAD_CONFIG to listen on', async () => {
    expect((await failureOf(bench.serve({}, { host: '192.0.2.1' }))).code).toBe('BAD_CONFIG');
  });
});

describe('processes that die', () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  /** Runs a script that prints one line when it is ready; returns that line. */
  async function run(script: string): Promise<{ child: ChildProcess; line: string }> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const [line] = (await soon(once(createInterface({ input: child.stdout }), 'line'), 'the first line')) as [string];
    return { child, line };
  }

  it('a server killed mid body fails everything that was asked with CONNECTION_LOST', async () => {
    const { child, line } = await run(`
      import { FrameServer, OutgoingBody } from '@p2p/service';
      const server = new FrameServer({ host: '127.0.0.1', port: 0, connectionsMax: 4, requestsPerConnectionMax: 8,
        pace: { packetDelayMs: 5, packetBytes: 1024 }, onViolation() {} });
      server.addHandler('body', () => ({ body: new OutgoingBody({ bytes: new Uint8Array(1 << 20), onDone() {} }) }));
      server.addHandler('never', () => new Promise(() => {}));
      server.listen(() => console.log(server.boundPort));`);
    const client = await bench.client(Number(line));
    const begun = new Once<void>();
    const body = fetchBody(client, 'body', MIB, () => begun.happen());
    const never = client.request('never', {}, anySchema, { timeoutMs: 60_000 });
    await soon(begun.happened, 'the first packet');
    child.kill('SIGKILL');
    expect((await failureOf(body)).code).toBe('CONNECTION_LOST');
    expect((await failureOf(never)).code).toBe('CONNECTION_LOST');
    expect((await firstValueFrom(client.closed)).code).toBe('CONNECTION_LOST');
  });

  it('a client killed mid body gives the body back and ends its streams', async () => {
    const { body, done } = bodyOf(pattern(MIB));
    const ended = new Once<void>();
    const asked = new Once<void>();
    const server = await bench.serve(
      {
        stream: () => NEVER.pipe(finalize(() => ended.happen())),
        body: () => {
          asked.happen();
          return { body };
        },
      },
      { pace: { packetDelayMs: 5, packetBytes: 1024 } },
    );
    const { child } = await run(`
      import { FrameClient } from '@p2p/service';
      import { z } from 'zod';
      const client = await FrameClient.connect({ host: '127.0.0.1', port: ${server.boundPort}, connectTimeoutMs: 2000 });
      client.stream('stream', {}, z.any()).subscribe();
      const target = new Uint8Array(1 << 20);
      let begun = false;
      await client.requestBody('body', {}, z.any(), { timeoutMs: undefined, target: () => target,
        onBytes() { if (!begun) console.log('begun'); begun = true; } });`);
    await soon(asked.happened, 'the request');
    child.kill('SIGKILL');
    expect((await soon(done.happened, 'the end of the body')).outcome).toBe('lost');
    await soon(ended.happened, 'the end of the stream');
    expect(done.count).toBe(1);
  });

  it('on which nothing is asked and nothing is under way are closed, and no others', async () => {
    const idleMs = 50;
    const ended = new Once<void>();
    const server = await bench.serve({ echo: () => ({}), stream: () => interval(1000).pipe(finalize(() => ended.happen())) }, { idleMs });
    const [idle, watching] = [await bench.client(server.boundPort), await bench.client(server.boundPort)];
    watching.stream('stream', {}, anySchema).subscribe({ error: () => undefined });
    await idle.request('echo', {}, anySchema, { timeoutMs: 2000 });
    await soon(firstValueFrom(idle.closed), 'the close');
    expect(bench.violations).toMatchObject([{ failure: { code: 'TIMED_OUT' } }]);
    await watching.request('echo', {}, anySchema, { timeoutMs: 2000 });
    expect(ended.count).toBe(0);
  });

  it('a stopped process that accepts nothing more is TIMED_OUT to connect to', async () => {
    const { child, line } = await run(`
      import { createServer } from 'node:net';
      const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`);
    child.kill('SIGSTOP');
    const failures: string[] = [];
    // The kernel accepts as many as the backlog holds; after that a connection hangs.
    for (let n = 0; n < 8 && failures.length === 0; n++) {
      await bench.client(Number(line), 100).catch((error: Failure) => failures.push(error.code));
    }
    expect(failures).toEqual(['TIMED_OUT']);
  });
});
