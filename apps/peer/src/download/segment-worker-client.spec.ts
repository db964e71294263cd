import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import { blake3 } from '@napi-rs/blake-hash';
import type { Codec } from '@p2p/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ZSTD_WINDOW_LOG_MAX } from '../limits.js';
import { SegmentArena } from './segment-arena.js';
import { SegmentWorkerClient, type SegmentResult } from './segment-worker-client.js';
import { makeFolder, silentLogger } from './spec-helper.js';

const SEGMENT_BYTES = 65_536;
const arena = new SegmentArena(1024 * 1024);
let folder: Awaited<ReturnType<typeof makeFolder>>;
let worker: SegmentWorkerClient;
let fd: number;
let mapFd: number;

beforeEach(async () => {
  folder = await makeFolder();
  worker = new SegmentWorkerClient({ arena, logger: silentLogger });
  fd = openSync(join(folder.path, 'part'), 'w+');
  mapFd = openSync(join(folder.path, 'map'), 'w+');
});

afterEach(async () => {
  await worker.close();
  closeSync(fd);
  closeSync(mapFd);
  await folder[Symbol.asyncDispose]();
});

async function store(
  codec: Codec,
  body: Uint8Array,
  options: { raw: Uint8Array; rawBytes?: number; fd?: number; offset?: number },
): Promise<SegmentResult> {
  const block = arena.allocate(SEGMENT_BYTES) ?? { at: 0, bytes: 0 };
  arena.view(block).set(body);
  const { raw } = options;
  const rawBytes = options.rawBytes ?? raw.length;
  const result = await new Promise<SegmentResult>((resolve) => {
    const place = { fd: options.fd ?? fd, offset: options.offset ?? 0, mapFd, segment: 3 };
    worker.store({ block, bodyBytes: body.length, rawBytes, codec, hash: blake3(raw), ...place }, resolve);
  });
  arena.release(block);
  return result;
}

const text = Buffer.from('to be or not to be, '.repeat(3000));
const encoders: Record<Codec, (raw: Uint8Array) => Uint8Array> = {
  identity: (raw) => raw,
  deflate: (raw) => deflateSync(raw),
  zstd: (raw) => zstdCompressSync(raw),
};

describe('a received segment', () => {
  for (const codec of ['identity', 'deflate', 'zstd'] as const) {
    it(`that came as ${codec} is written at its place and marked in the map`, async () => {
      expect(await store(codec, encoders[codec](text), { raw: text, offset: 100_000 })).toMatchObject({ kind: 'ok' });
      const part = readFileSync(join(folder.path, 'part'));
      expect(part.length).toBe(100_000 + text.length);
      expect(part.subarray(100_000).equals(text)).toBe(true);
      expect([...readFileSync(join(folder.path, 'map'))]).toEqual([0, 0, 0, 1]);
    });

    it(`that came as ${codec} and is not what its hash says is not written`, async () => {
      const other = Buffer.from(text);
      other[0] = 0;
      expect(await store(codec, encoders[codec](other), { raw: text })).toMatchObject({ kind: 'corrupt', reason: 'mismatch' });
      expect(readFileSync(join(folder.path, 'part')).length).toBe(0);
      expect(readFileSync(join(folder.path, 'map')).length).toBe(0);
    });

    it(`that came as ${codec} cut short is corrupt`, async () => {
      const body = encoders[codec](text);
      expect(await store(codec, body.subarray(0, body.length - 1), { raw: text })).toMatchObject({ kind: 'corrupt' });
    });
  }

  it('that is a decompression bomb is corrupt', async () => {
    const bomb = Buffer.alloc(50_000_000);
    for (const codec of ['deflate', 'zstd'] as const) {
      expect(await store(codec, encoders[codec](bomb), { raw: text })).toMatchObject({ kind: 'corrupt', reason: 'undecodable' });
    }
  });

  it('whose zstd frame wants more than the largest window that is accepted is corrupt', async () => {
    const raw = randomBytes(60_000);
    // Magic, no flags, the window as its exponent over 2^10, and one last block of plain bytes.
    const frameOf = (windowLog: number): Buffer => {
      const header = Buffer.alloc(9);
      header.writeUInt32LE(0xfd2fb528, 0);
      header.writeUInt8((windowLog - 10) << 3, 5);
      header.writeUIntLE((raw.length << 3) | 1, 6, 3);
      return Buffer.concat([header, raw]);
    };
    expect(await store('zstd', frameOf(ZSTD_WINDOW_LOG_MAX), { raw })).toMatchObject({ kind: 'ok' });
    expect(await store('zstd', frameOf(ZSTD_WINDOW_LOG_MAX + 1), { raw })).toMatchObject({ kind: 'corrupt', reason: 'undecodable' });
  });

  it('that is no stream of its codec is corrupt', async () => {
    for (const codec of ['deflate', 'zstd'] as const) {
      expect(await store(codec, randomBytes(1000), { raw: text })).toMatchObject({ kind: 'corrupt', reason: 'undecodable' });
    }
  });

  it('that cannot be written fails with DISK_FAILED or DISK_FULL, and the worker goes on', async () => {
    const readOnly = openSync(join(folder.path, 'part'), 'r');
    expect(await store('identity', text, { raw: text, fd: readOnly })).toMatchObject({ kind: 'failed', failure: { code: 'DISK_FAILED' } });
    closeSync(readOnly);
    const full = openSync('/dev/full', 'r+');
    expect(await store('identity', text, { raw: text, fd: full })).toMatchObject({ kind: 'failed', failure: { code: 'DISK_FULL' } });
    closeSync(full);
    expect(await store('identity', text, { raw: text })).toMatchObject({ kind: 'ok' });
  });
});

describe('bytes of a file', () => {
  const check = (rawBytes: number, hash: Uint8Array): Promise<SegmentResult> =>
    new Promise((resolve) => worker.check({ rawBytes, hash, fd, offset: 10 }, resolve));

  it('are compared with a hash; a file that is too short does not match', async () => {
    writeFileSync(join(folder.path, 'part'), Buffer.concat([Buffer.alloc(10), text]));
    expect(await check(text.length, blake3(text))).toMatchObject({ kind: 'ok' });
    expect(await check(text.length - 1, blake3(text))).toMatchObject({ kind: 'corrupt' });
    expect(await check(text.length + 1, blake3(text))).toMatchObject({ kind: 'corrupt' });
  });
});

describe('the worker thread', () => {
  it('is started by the first task, ends when it is idle, and is started again', async () => {
    await using idle = {
      worker: new SegmentWorkerClient({ arena, logger: silentLogger }, { idleMs: 0 }),
      [Symbol.asyncDispose]: () => idle.worker.close(),
    };
    expect(idle.worker.isRunning).toBe(false);
    for (let round = 0; round < 2; round++) {
      const request = { rawBytes: 0, hash: blake3(''), fd, offset: 0 };
      expect(await new Promise<SegmentResult>((resolve) => idle.worker.check(request, resolve))).toMatchObject({ kind: 'ok' });
      expect(idle.worker.isRunning).toBe(true);
      await expect.poll(() => idle.worker.isRunning).toBe(false);
    }
  });

  it('answers everything with CANCELLED when it is closed', async () => {
    const request = { rawBytes: 0, hash: blake3(''), fd, offset: 0 };
    const results = [1, 2, 3].map(() => new Promise<SegmentResult>((resolve) => worker.check(request, resolve)));
    expect(worker.depth).toBe(3);
    await worker.close();
    for (const result of await Promise.all(results)) expect(result).toMatchObject({ kind: 'failed', failure: { code: 'CANCELLED' } });
    expect(await new Promise<SegmentResult>((resolve) => worker.check(request, resolve))).toMatchObject({
      kind: 'failed',
      failure: { code: 'CANCELLED' },
    });
  });
});
