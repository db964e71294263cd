import { once } from 'node:events';
import http from 'node:http';
import { FAILURE_CODES, Failure } from '@p2p/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONTROL_BODY_BYTES_MAX } from '../limits.js';
import type { ShareProgress } from '../share/shares.js';
import { statusOf } from './http-status.js';
import { ControlHarness } from './spec-helper.js';
import { downloadStatus, idOf } from './spec-ports.js';

let control: ControlHarness;

beforeEach(async () => {
  control = await ControlHarness.start();
});

afterEach(async () => {
  await control.close();
});

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: unknown;
}

/** A request with exactly these headers: `fetch` does not let a test say who the host is. */
async function send(options: http.RequestOptions, body?: string): Promise<Answer> {
  const request = http.request({ host: '127.0.0.1', port: control.port, path: '/v1/status', agent: false, ...options });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text) as unknown };
}

async function failureOf(response: Response): Promise<{ code: string; message: string }> {
  return ((await response.json()) as { failure: { code: string; message: string } }).failure;
}

/** The lines of a stream, one at a time. */
async function* linesOf(response: Response): AsyncGenerator<unknown, void, undefined> {
  let rest = '';
  for await (const piece of (response.body as ReadableStream<Uint8Array>).pipeThrough(
    new TextDecoderStream() as never,
  ) as unknown as AsyncIterable<string>) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield JSON.parse(line);
  }
}

async function nextOf(lines: AsyncGenerator<unknown, void, undefined>): Promise<unknown> {
  return (await lines.next()).value;
}

describe('the door', () => {
  const authorization = (): string => `Bearer ${control.token}`;

  it.each(['localhost', 'localhost:1', 'LOCALHOST:7070', '127.0.0.1', '127.0.0.1:7070', '[::1]', '[::1]:7070'])(
    'lets the host %s in',
    async (host) => {
      expect((await send({ headers: { host, authorization: authorization() } })).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'evil.example:7070',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    '[::2]',
    'localhost:port',
    'localhost@evil.example',
  ])('refuses the host "%s" with FORBIDDEN, even with the token', async (host) => {
    const answer = await send({ headers: { host, authorization: authorization() } });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ failure: { code: 'FORBIDDEN' } });
  });

  it.each(['http://evil.example', 'https://localhost:7070', 'http://localhost:7071', 'http://localhost', 'null'])(
    'refuses the origin %s for the host localhost:7070',
    async (origin) => {
      const answer = await send({ headers: { host: 'localhost:7070', origin, authorization: authorization() } });
      expect(answer.status).toBe(403);
      expect(answer.body).toMatchObject({ failure: { code: 'FORBIDDEN' } });
    },
  );

  it('lets a page of the same origin in', async () => {
    const headers = { host: 'localhost:7070', origin: 'http://localhost:7070', authorization: authorization() };
    expect((await send({ headers })).status).toBe(200);
  });

  it.each([
    ['no token', undefined],
    ['another token', `Bearer ${'0'.repeat(64)}`],
    ['a token that is cut short', 'Bearer 00'],
    ['another scheme', 'Basic cDJwOnAycA=='],
    ['an empty token', 'Bearer '],
  ])('answers UNAUTHORIZED to %s', async (_, given) => {
    const answer = await send({ headers: { host: 'localhost', ...(given === undefined ? {} : { authorization: given }) } });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.body).toMatchObject({ failure: { code: 'UNAUTHORIZED' } });
  });

  it('tells a stranger nothing about which routes there are', async () => {
    expect((await send({ path: '/nowhere', headers: { host: 'localhost' } })).status).toBe(401);
  });
});

describe('the body of a request', () => {
  it('of exactly the allowed size is read', async () => {
    const path = `/${'x'.repeat(CONTROL_BODY_BYTES_MAX - '{"path":"/"}'.length)}`;
    expect(await failureOf(await control.post('/v1/shares', { path }))).toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('one byte larger is LIMIT_EXCEEDED, with both numbers', async () => {
    const path = `/${'x'.repeat(CONTROL_BODY_BYTES_MAX + 1 - '{"path":"/"}'.length)}`;
    const response = await control.post('/v1/shares', { path });
    expect(response.status).toBe(413);
    const failure = await failureOf(response);
    expect(failure.code).toBe('LIMIT_EXCEEDED');
    expect(failure.message).toContain('65537');
    expect(failure.message).toContain('65536');
  });

  it.each([
    ['is no JSON', '{"path":'],
    ['is no object', '"path"'],
    ['is a list', '[]'],
    ['is null', 'null'],
    ['is empty', ''],
    ['lacks the path', '{}'],
    ['has a relative path', '{"path":"a/b"}'],
    ['has a NUL in the path', '{"path":"/a\\u0000b"}'],
    ['has a path of another type', '{"path":["/a"]}'],
    ['has a key that is not known', '{"path":"/a","nmae":"b"}'],
  ])('that %s is BAD_REQUEST', async (_, body) => {
    const response = await control.fetch('/v1/shares', { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
    expect(response.status).toBe(400);
    expect(await failureOf(response)).toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('that is not declared as JSON is BAD_REQUEST', async () => {
    const response = await control.fetch('/v1/shares', {
      method: 'POST',
      body: '{"path":"/a"}',
      headers: { 'Content-Type': 'text/plain' },
    });
    expect(response.status).toBe(400);
  });
});

describe('a failure', () => {
  it.each(FAILURE_CODES)('%s has a status between 400 and 599', (code) => {
    expect(statusOf(code)).toBeGreaterThanOrEqual(400);
    expect(statusOf(code)).toBeLessThan(600);
  });

  it('of a port is answered with its code and sentence', async () => {
    const response = await control.post('/v1/downloads', { target: 'unknown' });
    expect(response.status).toBe(404);
    expect(await failureOf(response)).toEqual({ code: 'NOT_FOUND', message: 'nobody shares unknown' });
  });

  it('that says when to come back sets Retry-After', async () => {
    control.downloads.known.set('busy', new Failure('BUSY', 'too much', { retryAfterMs: 1500 }));
    const response = await control.post('/v1/downloads', { target: 'busy' });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('2');
  });

  it('of our own is INTERNAL for the client, and told to the log alone', async () => {
    control.peer.problem = new TypeError('the secret is 42');
    const response = await control.fetch('/v1/status');
    expect(response.status).toBe(500);
    const failure = await failureOf(response);
    expect(failure.code).toBe('INTERNAL');
    expect(failure.message).not.toContain('secret');
    expect(control.log).toContain('the secret is 42');
  });

  it.each([
    ['GET', '/'],
    ['GET', '/v1'],
    ['GET', '/v2/status'],
    ['PUT', '/v1/shares'],
    ['OPTIONS', '/v1/shares'],
  ])('%s %s is NOT_FOUND in the same shape', async (method, route) => {
    const response = await control.fetch(route, { method });
    expect(response.status).toBe(404);
    expect(await failureOf(response)).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('for a path with a wrong escape is BAD_REQUEST', async () => {
    const answer = await send({
      path: '/v1/downloads/%zz/events',
      headers: { host: 'localhost', authorization: `Bearer ${control.token}` },
    });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ failure: { code: 'BAD_REQUEST' } });
  });
});

describe('the catalogue', () => {
  const entries = Array.from({ length: 3 }, (_, index) => ({
    id: idOf(`e${index}`),
    name: `file ${index}`,
    bytes: index,
    complete: 1,
    partial: 0,
  }));

  beforeEach(() => {
    control.directory.entries = entries;
  });

  it('is answered in pages that begin after a position', async () => {
    const first = await (await control.fetch('/v1/catalogue?limit=2')).json();
    expect(first).toEqual({ entries: entries.slice(0, 2), more: true });
    const second = await (await control.fetch(`/v1/catalogue?limit=2&afterName=file+1&afterId=${idOf('e1')}`)).json();
    expect(second).toEqual({ entries: entries.slice(2), more: false });
  });

  it('of one peer asks for that peer', async () => {
    await control.fetch('/v1/catalogue?peer=alpha');
    expect(control.directory.asked).toEqual([{ limit: 100, peer: 'alpha' }]);
  });

  it.each([
    'limit=0',
    'limit=101',
    'limit=-1',
    'limit=1e1',
    'limit=',
    'peer=../x',
    'afterName=a',
    `afterId=${idOf('e1')}`,
    'afterId=xyz&afterName=a',
    'limit=1&limit=2',
    'page=2',
    'peer[x]=a',
  ])('refuses ?%s with BAD_REQUEST', async (query) => {
    const response = await control.fetch(`/v1/catalogue?${query}`);
    expect(response.status).toBe(400);
    expect(await failureOf(response)).toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('without a diary is DIARY_UNREACHABLE', async () => {
    control.directory.isConnected = false;
    const response = await control.fetch('/v1/catalogue');
    expect(response.status).toBe(503);
    expect(await failureOf(response)).toMatchObject({ code: 'DIARY_UNREACHABLE' });
  });
});

describe('sharing', () => {
  const shared = (name: string, digits: string): ShareProgress => ({
    kind: 'shared',
    share: { id: idOf(digits), name, path: `/folder/${name}`, bytes: 5, origin: 'command' },
    remembered: false,
  });

  it('answers a line for each step, and afterwards the file is listed', async () => {
    const steps: ShareProgress[] = [{ kind: 'found', files: 1, bytes: 5 }, shared('a', 'a'), { kind: 'done', shared: 1, failed: 0 }];
    control.shares.scripts.set('/folder', async function* () {
      yield* steps;
    });
    const response = await control.post('/v1/shares', { path: '/folder' });
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    expect(await Array.fromAsync(linesOf(response))).toEqual(steps);
    expect(await (await control.fetch('/v1/shares')).json()).toEqual({ shares: control.shares.list() });
    expect(control.shares.list()).toHaveLength(1);
  });

  it('of a path that is not there is a plain NOT_FOUND', async () => {
    const response = await control.post('/v1/shares', { path: '/nowhere' });
    expect(response.status).toBe(404);
    expect(await failureOf(response)).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('that fails after it has begun says so in its last line', async () => {
    control.shares.scripts.set('/folder', async function* () {
      yield { kind: 'found', files: 1, bytes: 5 } as const;
      throw new Failure('DISK_FAILED', 'the disk is gone');
    });
    const lines = await Array.fromAsync(linesOf(await control.post('/v1/shares', { path: '/folder' })));
    expect(lines.at(-1)).toEqual({ failure: { code: 'DISK_FAILED', message: 'the disk is gone' } });
  });

  it('is aborted when the client goes', async () => {
    const aborted = Promise.withResolvers<void>();
    control.shares.scripts.set('/folder', async function* (signal) {
      yield { kind: 'found', files: 1, bytes: 5 } as const;
      await once(signal, 'abort');
      aborted.resolve();
      throw new Failure('CANCELLED', 'stopped');
    });
    const client = new AbortController();
    const lines = linesOf(await control.post('/v1/shares', { path: '/folder' }, { signal: client.signal }));
    await nextOf(lines);
    client.abort();
    await aborted.promise;
    expect((await control.fetch('/v1/status')).status).toBe(200);
  });

  it('produces no more than a client that does not read can take', async () => {
    let produced = 0;
    const resting = Promise.withResolvers<void>();
    control.shares.scripts.set('/folder', async function* (signal) {
      // Every turn of the loop in which nothing was taken is one step nearer to saying that it rests.
      let idle: NodeJS.Immediate | undefined;
      const restAfter = (turns: number): void => {
        idle = setImmediate(() => (turns === 0 ? resting.resolve() : restAfter(turns - 1)));
      };
      while (!signal.aborted) {
        produced += 1;
        clearImmediate(idle);
        restAfter(2000);
        yield { kind: 'failed', path: 'x'.repeat(60_000), code: 'NOT_FOUND', message: String(produced) } as const;
      }
    });
    const request = http.request({
      host: '127.0.0.1',
      port: control.port,
      path: '/v1/shares',
      method: 'POST',
      headers: { authorization: `Bearer ${control.token}`, 'content-type': 'application/json' },
    });
    request.end('{"path":"/folder"}');
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.pause();
    await resting.promise;
    // What the sockets' buffers hold on loopback is a few MiB.
    expect(produced * 60_000).toBeLessThan(64 * 1024 * 1024);
    request.destroy();
  });

  it('ends with unshare, by name', async () => {
    control.shares.shared.set(idOf('a'), { id: idOf('a'), name: 'a b', path: '/a b', bytes: 1, origin: 'command' });
    const answer = await (await control.fetch('/v1/shares?target=a+b', { method: 'DELETE' })).json();
    expect(answer).toMatchObject({ unshared: [{ name: 'a b' }] });
    expect((await control.fetch('/v1/shares?target=a+b', { method: 'DELETE' })).status).toBe(404);
  });
});

describe('a download', () => {
  const id = idOf('d0');

  beforeEach(() => {
    control.downloads.known.set('movie.mkv', downloadStatus());
  });

  it('is started with what the body says', async () => {
    const response = await control.post('/v1/downloads', { target: 'movie.mkv', output: '/tmp/out', overwrite: true });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(downloadStatus({ output: '/tmp/out' }));
    expect(control.downloads.started).toEqual([{ target: 'movie.mkv', output: '/tmp/out', overwrite: true }]);
  });

  it('is followed by a line for each move, until it ends', async () => {
    await control.post('/v1/downloads', { target: 'movie.mkv' });
    const lines = linesOf(await control.fetch(`/v1/downloads/${id}/events`));
    expect(await nextOf(lines)).toMatchObject({ verifiedBytes: 0 });
    control.downloads.move(id, { verifiedBytes: 500 });
    expect(await nextOf(lines)).toMatchObject({ verifiedBytes: 500 });
    control.downloads.move(id, { state: 'done', verifiedBytes: 1000 });
    expect(await nextOf(lines)).toMatchObject({ state: 'done' });
    expect((await lines.next()).done).toBe(true);
  });

  it('goes on when the client that follows it goes, and nobody listens any more', async () => {
    await control.post('/v1/downloads', { target: 'movie.mkv' });
    const client = new AbortController();
    const lines = linesOf(await control.fetch(`/v1/downloads/${id}/events`, { signal: client.signal }));
    await nextOf(lines);
    expect(control.downloads.watchers).toBe(1);
    const unwatched = Promise.withResolvers<void>();
    control.downloads.onUnwatched = unwatched.resolve;
    client.abort();
    await unwatched.promise;
    expect(control.downloads.watchers).toBe(0);
    expect(control.downloads.list()).toMatchObject([{ state: 'transferring' }]);
    expect(control.downloads.cancelled).toEqual([]);
  });

  it('that is to be recorded tells what happened, a line each', async () => {
    await control.post('/v1/downloads', { target: 'movie.mkv', trace: true });
    expect(control.downloads.started).toMatchObject([{ trace: true }]);
    const moved = { kind: 'redistributed', segment: 3, source: 'a', reason: 'source_left', atMs: 1.5 } as const;
    control.downloads.traces.set(id, [moved]);
    expect(await Array.fromAsync(linesOf(await control.fetch(`/v1/downloads/${id}/trace`)))).toEqual([moved]);
  });

  it('that was not recorded has nothing to tell: NOT_FOUND', async () => {
    await control.post('/v1/downloads', { target: 'movie.mkv' });
    const response = await control.fetch(`/v1/downloads/${id}/trace`);
    expect(response.status).toBe(404);
    expect(await failureOf(response)).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('that nobody knows cannot be followed', async () => {
    const response = await control.fetch(`/v1/downloads/${idOf('ee')}/events`);
    expect(response.status).toBe(404);
  });

  it('has an id of 64 digits, or is BAD_REQUEST', async () => {
    expect((await control.fetch('/v1/downloads/movie.mkv/events')).status).toBe(400);
  });

  it.each([
    ['', false],
    ['&discard=false', false],
    ['&discard=true', true],
  ])('is cancelled with ?target=movie.mkv%s', async (query, discard) => {
    await control.post('/v1/downloads', { target: 'movie.mkv' });
    const response = await control.fetch(`/v1/downloads?target=movie.mkv${query}`, { method: 'DELETE' });
    expect(await response.json()).toMatchObject({ state: 'cancelled' });
    expect(control.downloads.cancelled).toEqual([{ target: 'movie.mkv', discard }]);
  });

  it('is not cancelled with a flag that is neither true nor false', async () => {
    expect((await control.fetch('/v1/downloads?target=movie.mkv&discard=yes', { method: 'DELETE' })).status).toBe(400);
  });
});

it('leaving is answered before the peer goes', async () => {
  const left = Promise.withResolvers<void>();
  control.peer.onLeave = left.resolve;
  const response = await control.fetch('/v1/leave', { method: 'POST' });
  expect(response.status).toBe(202);
  expect(await response.json()).toEqual({ leaving: true });
  await left.promise;
  expect(control.peer.left).toBe(1);
});
