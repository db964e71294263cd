import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { HttpException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { Failure, type FailureCode } from '@p2p/protocol';
import { TimeoutError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toFailure } from './to-failure.js';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: it failed`), { code });
}

describe("an operating system's error", () => {
  const rows: readonly (readonly [string, FailureCode])[] = [
    ['ENOENT', 'NOT_FOUND'],
    ['ENOTDIR', 'NOT_FOUND'],
    ['EACCES', 'ACCESS_DENIED'],
    ['EPERM', 'ACCESS_DENIED'],
    ['EEXIST', 'ALREADY_EXISTS'],
    ['ENOTEMPTY', 'ALREADY_EXISTS'],
    ['ENAMETOOLONG', 'BAD_NAME'],
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'DISK_FULL'],
    ['EFBIG', 'DISK_FAILED'],
    ['EIO', 'DISK_FAILED'],
    ['EROFS', 'DISK_FAILED'],
    ['EISDIR', 'DISK_FAILED'],
    ['EXDEV', 'DISK_FAILED'],
    ['ELOOP', 'DISK_FAILED'],
    ['EBUSY', 'DISK_FAILED'],
    ['ESTALE', 'DISK_FAILED'],
    ['ENXIO', 'DISK_FAILED'],
    ['ENODEV', 'DISK_FAILED'],
    ['ETXTBSY', 'DISK_FAILED'],
    ['EMFILE', 'BUSY'],
    ['ENFILE', 'BUSY'],
    ['ENOBUFS', 'BUSY'],
    ['EADDRINUSE', 'PORT_TAKEN'],
    ['EADDRNOTAVAIL', 'BAD_CONFIG'],
    ['ECONNREFUSED', 'UNREACHABLE'],
    ['EHOSTUNREACH', 'UNREACHABLE'],
    ['EHOSTDOWN', 'UNREACHABLE'],
    ['ENETUNREACH', 'UNREACHABLE'],
    ['ENETDOWN', 'UNREACHABLE'],
    ['ENOTFOUND', 'UNREACHABLE'],
    ['EAI_AGAIN', 'UNREACHABLE'],
    ['ECONNRESET', 'CONNECTION_LOST'],
    ['ECONNABORTED', 'CONNECTION_LOST'],
    ['EPIPE', 'CONNECTION_LOST'],
    ['ENOTCONN', 'CONNECTION_LOST'],
    ['ERR_STREAM_DESTROYED', 'CONNECTION_LOST'],
    ['ERR_STREAM_WRITE_AFTER_END', 'CONNECTION_LOST'],
    ['ERR_STREAM_PREMATURE_CLOSE', 'CONNECTION_LOST'],
    ['ERR_SOCKET_CLOSED', 'CONNECTION_LOST'],
    ['ERR_SOCKET_CLOSED_BEFORE_CONNECTION', 'CONNECTION_LOST'],
    ['ETIMEDOUT', 'TIMED_OUT'],
    ['ABORT_ERR', 'CANCELLED'],
    ['ECANCELED', 'CANCELLED'],
    ['ERR_SOCKET_BAD_PORT', 'BAD_CONFIG'],
    ['ERR_BUFFER_TOO_LARGE', 'LIMIT_EXCEEDED'],
    ['Z_DATA_ERROR', 'CORRUPT'],
    ['Z_BUF_ERROR', 'CORRUPT'],
    ['Z_NEED_DICT', 'CORRUPT'],
    ['ZSTD_error_prefix_unknown', 'CORRUPT'],
    ['ZSTD_error_corruption_detected', 'CORRUPT'],
    ['ZSTD_error_checksum_wrong', 'CORRUPT'],
    ['EWHATEVER', 'INTERNAL'],
    ['constructor', 'INTERNAL'],
    ['__proto__', 'INTERNAL'],
  ];
  it.each(rows)('%s is %s', (code, expected) => {
    const error = systemError(code);
    const failure = toFailure(error);
    expect(failure.code).toBe(expected);
    expect(failure.cause).toBe(error);
    expect(failure.message).not.toContain(code);
  });
});

describe('an error by its class', () => {
  const invalid = z.string().safeParse(1).error;
  const rows: readonly (readonly [string, unknown, FailureCode])[] = [
    ['AbortSignal.abort()', AbortSignal.abort().reason, 'CANCELLED'],
    ['an AbortSignal that timed out', new DOMException('The operation was aborted due to timeout', 'TimeoutError'), 'TIMED_OUT'],
    ["RxJS's time-out", new TimeoutError(), 'TIMED_OUT'],
    ["zod's refusal", invalid, 'BAD_REQUEST'],
    ["Nest's closed client", new Error('Connection closed'), 'CONNECTION_LOST'],
    ["Nest's answer to an unknown message", 'There is no matching message handler defined in the remote service.', 'BAD_REQUEST'],
    ["a wire failure in Nest's RpcException", new RpcException({ code: 'NOT_HELD', message: 'segment 3 is not held' }), 'NOT_HELD'],
    ['a wire failure as it is', { code: 'BUSY', message: '64 requests wait' }, 'BUSY'],
    ['an HTTP 404', new HttpException('Cannot GET /x', 404), 'NOT_FOUND'],
    ['an HTTP 400', new HttpException('bad', 400), 'BAD_REQUEST'],
    ['a body that is too large', Object.assign(new Error('request entity too large'), { statusCode: 413 }), 'LIMIT_EXCEEDED'],
    ['an HTTP status nobody expects', new HttpException('teapot', 418), 'INTERNAL'],
    ['a bare string', 'constructor', 'INTERNAL'],
    ['nothing', undefined, 'INTERNAL'],
    ['null', null, 'INTERNAL'],
    ['a TypeError', new TypeError('x is not a function'), 'INTERNAL'],
  ];
  it.each(rows)('%s', (_title, error, code) => {
    expect(toFailure(error).code).toBe(code);
  });

  it('that nobody knows keeps its own words out of the sentence, for the sentence may be sent', () => {
    const failure = toFailure(new TypeError('secret'));
    expect(failure.message).not.toContain('secret');
    expect((failure.cause as Error).message).toBe('secret');
  });
});

describe('what really happens', () => {
  it('a missing file is named', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'p2p-failures-'));
    try {
      const failure = await readFile(join(folder, 'gone')).catch(toFailure);
      expect(failure).toMatchObject({ code: 'NOT_FOUND', message: `no such file or folder (${join(folder, 'gone')})` });
      expect(await readFile(folder).catch(toFailure)).toMatchObject({ code: 'DISK_FAILED' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('a taken port and a refused connection are named', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const second = createServer().listen(port, '127.0.0.1');
    const [taken] = (await once(second, 'error')) as [Error];
    expect(toFailure(taken, 'cannot listen')).toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    });
    server.close();
    await once(server, 'close');
    const [refused] = (await once(connect(port, '127.0.0.1'), 'error')) as [Error];
    expect(toFailure(refused)).toMatchObject({ code: 'UNREACHABLE', message: `no connection could be made (127.0.0.1:${port})` });
    const [everyAddress] = (await once(connect(port, 'localhost'), 'error')) as [Error];
    expect(toFailure(everyAddress).code).toBe('UNREACHABLE');
  });

  it('damaged compressed bytes are corrupt', () => {
    const failure = ((): Failure => {
      try {
        throw new Error(`it inflated to ${inflateSync(Buffer.from('no zlib stream')).length} bytes`);
      } catch (error) {
        return toFailure(error);
      }
    })();
    expect(failure.code).toBe('CORRUPT');
  });
});

describe('a failure', () => {
  it('comes back unchanged', () => {
    const failure = new Failure('NO_HOLDERS', 'nobody has it');
    expect(toFailure(failure)).toBe(failure);
  });

  it('keeps its code, its hint when to ask again and itself as cause behind a context', () => {
    const failure = new Failure('BUSY', '8 of 8 places are taken', { retryAfterMs: 50 });
    const told = toFailure(failure, 'holder b');
    expect(told).toMatchObject({ code: 'BUSY', message: 'holder b: 8 of 8 places are taken', retryAfterMs: 50, cause: failure });
  });
});
