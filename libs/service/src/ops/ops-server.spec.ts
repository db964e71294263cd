import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../logging/logger.js';
import { OpsServer, type OpsServerOptions } from './ops-server.js';

const logger = createLogger({ level: 'silent', app: 'test' });
const open: OpsServer[] = [];

async function start(options: Partial<OpsServerOptions> = {}): Promise<OpsServer> {
  const ops = await OpsServer.start({
    port: 0,
    host: '127.0.0.1',
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'p2p_up 1\n' }),
    ready: () => ({ ok: true, reasons: [] }),
    logger,
    ...options,
  });
  open.push(ops);
  return ops;
}

function ask(ops: OpsServer, path: string, init?: RequestInit): Promise<Response> {
  return fetch(`http://127.0.0.1:${ops.port}${path}`, init);
}

/** Everything that comes back until the server ends the connection. */
async function raw(ops: OpsServer, bytes: string): Promise<string> {
  const socket = connect(ops.port, '127.0.0.1');
  socket.end(bytes);
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  await once(socket, 'close');
  return answer;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((ops) => ops.close()));
});

describe('/metrics', () => {
  it('is the document with its content type', async () => {
    const response = await ask(await start(), '/metrics');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toBe('p2p_up 1\n');
  });

  it('is put together once for scrapes that come at the same time', async () => {
    let documents = 0;
    const both = Promise.withResolvers<void>();
    const ops = await start({
      metrics: async () => {
        documents += 1;
        await both.promise;
        return { contentType: 'text/plain', body: `${documents}` };
      },
      // The ready check is asked after both scrapes have been sent on their own connections.
      ready: () => ({ ok: true, reasons: [] }),
    });
    const scrapes = [ask(ops, '/metrics'), ask(ops, '/metrics')];
    await ask(ops, '/health/ready');
    await ask(ops, '/health/ready');
    both.resolve();
    expect(await Promise.all((await Promise.all(scrapes)).map((each) => each.text()))).toEqual(['1', '1']);
  });

  it('that cannot be put together answers 500 and tells nobody why but the log', async () => {
    const ops = await start({ metrics: () => Promise.reject(new Error('secret')) });
    const response = await ask(ops, '/metrics');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    expect((await ask(ops, '/health/live')).status).toBe(200);
  });
});

describe('health', () => {
  it('is live as soon as it answers', async () => {
    const response = await ask(await start({ ready: () => ({ ok: false, reasons: ['starting'] }) }), '/health/live');
    expect([response.status, await response.json()]).toEqual([200, { ok: true }]);
  });

  it('is ready with what is amiss', async () => {
    const response = await ask(await start({ ready: () => ({ ok: true, reasons: ['the diary cannot be reached'] }) }), '/health/ready');
    expect([response.status, await response.json()]).toEqual([200, { ok: true, reasons: ['the diary cannot be reached'] }]);
  });

  it('is not ready with the reasons', async () => {
    const response = await ask(await start({ ready: () => ({ ok: false, reasons: ['draining'] }) }), '/health/ready?probe=kubelet');
    expect([response.status, await response.json()]).toEqual([503, { ok: false, reasons: ['draining'] }]);
  });
});

describe('anything else', () => {
  it.each(['/', '/metrics/', '/health', '//metrics', '/METRICS', '/../metrics%00'])('%s is not found', async (path) => {
    expect((await ask(await start(), path)).status).toBe(404);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is refused with the methods that are not', async (method) => {
    const response = await ask(await start(), '/metrics', { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('HEAD has the headers and no body', async () => {
    const response = await ask(await start(), '/metrics', { method: 'HEAD' });
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '9', '']);
  });

  it('a request that is not HTTP, and one with headers past the bound, is refused and the next one answered', async () => {
    const ops = await start();
    expect(await raw(ops, '\0\0\0\x08garbage\r\n\r\n')).toMatch(/^HTTP\/1.1 400/);
    expect(await raw(ops, `GET /metrics HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(9000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431/);
    expect((await ask(ops, '/health/live')).status).toBe(200);
  });
});

describe('the port', () => {
  it('that is taken is a failure that says so', async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toMatchObject({ code: 'PORT_TAKEN', message: expect.stringContaining(String(port)) as string });
  });

  it('is free again after close, which ends open connections and may be called twice', async () => {
    const ops = await start();
    const { port } = ops;
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const closed = once(socket.resume(), 'close');
    await ops.close();
    await ops.close();
    await closed;
    expect((await start({ port })).port).toBe(port);
  });
});
