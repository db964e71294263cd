import { randomBytes } from 'node:crypto';
import { inflateSync, zstdDecompressSync } from 'node:zlib';
import { CODECS, type Codec } from '@p2p/protocol';
import { describe, expect, it } from 'vitest';
import { CompressedCache } from './compressed-cache.js';
import { Compressor } from './compressor.js';
import { SegmentEncoder, type EncodedSegment, type EncodeRequest } from './segment-encoder.js';

const SEGMENT_BYTES = 256 * 1024;
const text = Buffer.from('All work and no play makes a peer a dull holder. '.repeat(SEGMENT_BYTES)).subarray(0, SEGMENT_BYTES);
const noise = randomBytes(SEGMENT_BYTES);
const contents = {
  text,
  noise,
  mixed: Buffer.concat([text.subarray(0, SEGMENT_BYTES / 2), noise.subarray(0, SEGMENT_BYTES / 2)]),
  'one byte': Buffer.from([7]),
};

function encoderIn(mode: 'auto' | 'always' | 'never', cache = new CompressedCache({ bytesMax: 1024 * 1024 })): SegmentEncoder {
  return new SegmentEncoder({ compressor: new Compressor(), cache }, { mode });
}

function requestOf(over: Partial<EncodeRequest> = {}): EncodeRequest {
  return { file: 'f', segment: 0, accepted: CODECS, receiverBound: false, linkBytesPerSecond: 1e6, ...over };
}

function decoded({ codec, bytes }: EncodedSegment): Buffer {
  if (codec === 'deflate') return inflateSync(bytes);
  return codec === 'zstd' ? zstdDecompressSync(bytes) : Buffer.from(bytes);
}

describe.each(['auto', 'always', 'never'] as const)('in mode %s', (mode) => {
  it.each(Object.entries(contents))('%s arrives intact and never larger', async (_name, raw) => {
    const encoded = await encoderIn(mode).encode(requestOf(), raw);
    expect(decoded(encoded).equals(raw)).toBe(true);
    expect(encoded.bytes.length).toBeLessThanOrEqual(raw.length);
  });

  it('noise goes as it is, in the very memory it was read into', async () => {
    expect(await encoderIn(mode).encode(requestOf(), noise)).toEqual({ codec: 'identity', bytes: noise });
  });
});

it.each<[string, 'auto' | 'always' | 'never', Partial<EncodeRequest>, Codec]>([
  ['on a slow link for a receiver of deflate', 'auto', { accepted: ['identity', 'deflate'] }, 'deflate'],
  ['on a slow link for a receiver of zstd', 'auto', { accepted: ['zstd'] }, 'zstd'],
  ['on a link of unknown speed', 'auto', { linkBytesPerSecond: undefined }, 'identity'],
  ['on a link faster than any codec', 'auto', { linkBytesPerSecond: 100e9 }, 'identity'],
  ['for a receiver that cannot keep up', 'auto', { receiverBound: true }, 'identity'],
  ['for a receiver that knows no codec', 'always', { accepted: ['identity'] }, 'identity'],
  ['always', 'always', { linkBytesPerSecond: undefined }, 'deflate'],
  ['never', 'never', {}, 'identity'],
])('text %s goes in the codec that arrives soonest', async (_title, mode, request, codec) => {
  const encoded = await encoderIn(mode).encode(requestOf(request), text);
  expect(encoded.codec).toBe(codec);
});

it('always compresses the text of a file that begins with noise', async () => {
  const encoder = encoderIn('always');
  expect((await encoder.encode(requestOf({ segment: 0 }), noise)).codec).toBe('identity');
  expect((await encoder.encode(requestOf({ segment: 1 }), text)).codec).toBe('deflate');
});

describe('a segment that was compressed', () => {
  it('is kept for the next downloader', async () => {
    const encoder = encoderIn('auto');
    expect(encoder.remembered(requestOf())).toBeUndefined();
    const first = await encoder.encode(requestOf(), text);
    expect(encoder.remembered(requestOf())?.bytes).toBe(first.bytes);
    expect(encoder.remembered(requestOf({ segment: 1 }))).toBeUndefined();
    expect(encoder.remembered(requestOf({ accepted: ['identity'] }))).toBeUndefined();
  });

  it('is dropped, the least recently used first, when the cache is full', () => {
    const cache = new CompressedCache({ bytesMax: 20 });
    const key = (segment: number): { file: string; segment: number; codec: 'deflate' } => ({ file: 'f', segment, codec: 'deflate' });
    cache.put(key(0), new Uint8Array(10));
    cache.put(key(1), new Uint8Array(10));
    cache.get(key(0));
    cache.put(key(2), new Uint8Array(10));
    expect([0, 1, 2].map((segment) => cache.get(key(segment)) !== undefined)).toEqual([true, false, true]);
    cache.put(key(3), new Uint8Array(21));
    expect(cache.bytes).toBe(20);
  });
});
