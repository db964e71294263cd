import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FILE_BYTES_MAX, HASH_BYTES, MANIFEST_BYTES_MAX } from './limits.js';
import { decodeManifest, encodeManifest, manifestBytesOf, segmentHashOf } from './manifest.js';
import { segmentCountOf } from './segment-size.js';
import { PROTOCOL_VERSION } from './version.js';

function hashesOf(fileBytes: number): Uint8Array {
  return Uint8Array.from({ length: segmentCountOf(fileBytes) * HASH_BYTES }, (_, at) => at & 0xff);
}

function codeOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'no throw';
}

/** A good manifest of 100 000 bytes of file with something wrong in it. */
function broken(change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = encodeManifest(100_000, hashesOf(100_000)).bytes.slice();
  change(bytes);
  return bytes;
}

describe('a manifest', () => {
  it('is laid out as documented', () => {
    const { bytes } = encodeManifest(65_537, new Uint8Array(64).fill(0xee));
    expect([...bytes.subarray(0, 16)]).toEqual([0x50, 0x32, 0x50, 0x4d, PROTOCOL_VERSION, 16, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
    expect(bytes.length).toBe(16 + 64);
    expect(bytes.subarray(16).every((byte) => byte === 0xee)).toBe(true);
  });

  it('comes back as it was written, from the middle of a buffer too', () => {
    fc.assert(
      fc.property(fc.nat(20_000_000), (fileBytes) => {
        const manifest = encodeManifest(fileBytes, hashesOf(fileBytes));
        const buffer = new Uint8Array(manifest.bytes.length + 10);
        buffer.set(manifest.bytes, 3);
        expect(decodeManifest(buffer.subarray(3, 3 + manifest.bytes.length))).toEqual(manifest);
      }),
    );
  });

  it('of an empty file has no hashes', () => {
    const { bytes, segmentCount } = encodeManifest(0, new Uint8Array(0));
    expect(segmentCount).toBe(0);
    expect(bytes.length).toBe(16);
    expect(decodeManifest(bytes).fileBytes).toBe(0);
  });

  it('gives the hash of every segment as a view of itself', () => {
    const manifest = encodeManifest(100_000, hashesOf(100_000));
    expect([...segmentHashOf(manifest, 1)]).toEqual(Array.from({ length: 32 }, (_, at) => at + 32));
    expect(segmentHashOf(manifest, 0).buffer).toBe(manifest.bytes.buffer);
  });

  it('has a length that follows from the size of the file', () => {
    expect(manifestBytesOf(0)).toBe(16);
    expect(manifestBytesOf(1)).toBe(48);
    expect(manifestBytesOf(FILE_BYTES_MAX)).toBe(MANIFEST_BYTES_MAX);
  });

  it('cannot be made of another number of hashes', () => {
    expect(codeOf(() => encodeManifest(100_000, new Uint8Array(32)))).toBe('INTERNAL');
    expect(codeOf(() => encodeManifest(FILE_BYTES_MAX + 1, new Uint8Array(32)))).toBe('LIMIT_EXCEEDED');
  });
});

describe('bytes that are no manifest', () => {
  it.each([
    ['nothing', new Uint8Array(0), 'CORRUPT'],
    ['half a header', broken(() => {}).subarray(0, 15), 'CORRUPT'],
    ['another magic', broken((bytes) => (bytes[3] = 0)), 'CORRUPT'],
    ['another version', broken((bytes) => (bytes[4] = PROTOCOL_VERSION + 1)), 'VERSION_MISMATCH'],
    ['another segment size', broken((bytes) => (bytes[5] = 20)), 'CORRUPT'],
    ['something in the zero bytes', broken((bytes) => (bytes[7] = 1)), 'CORRUPT'],
    ['another file size', broken((bytes) => (bytes[10] = 9)), 'CORRUPT'],
    ['a file of 16 EiB', broken((bytes) => bytes.fill(0xff, 8, 16)), 'LIMIT_EXCEEDED'],
    ['a hash too few', broken(() => {}).subarray(0, 48), 'CORRUPT'],
    ['a byte too many', new Uint8Array([...broken(() => {}), 0]), 'CORRUPT'],
  ])('%s is refused', (_, bytes, code) => {
    expect(codeOf(() => decodeManifest(bytes))).toBe(code);
  });

  it('longer than the largest are refused before they are looked at', () => {
    expect(codeOf(() => decodeManifest(new Uint8Array(MANIFEST_BYTES_MAX + 1)))).toBe('LIMIT_EXCEEDED');
  });

  it('of any kind throw a failure or are canonical', () => {
    fc.assert(
      fc.property(fc.nat(79), fc.nat(255), (at, value) => {
        const bytes = broken((all) => (all[at] = value));
        const code = codeOf(() => {
          const { fileBytes } = decodeManifest(bytes);
          expect(encodeManifest(fileBytes, bytes.subarray(16)).bytes).toEqual(bytes);
        });
        expect(['no throw', 'CORRUPT', 'VERSION_MISMATCH', 'LIMIT_EXCEEDED']).toContain(code);
      }),
    );
  });
});
