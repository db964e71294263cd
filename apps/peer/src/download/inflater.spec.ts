import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INFLATE_SLICE_BYTES } from '../limits.js';
import { loadInflater, loadZlibSync, nodeInflater, UndecodableError, zlibSyncInflater, type Inflater } from './inflater.js';

const zlibSync = loadZlibSync();
const inflaters: Inflater[] = [nodeInflater];
if (zlibSync !== undefined)
  inflaters.push(zlibSyncInflater(zlibSync, INFLATE_SLICE_BYTES), { ...zlibSyncInflater(zlibSync, 1), name: 'zlib-sync' });

describe('the inflater in use', () => {
  it('is zlib-sync where that loads, else the one of Node', () => {
    expect(loadInflater(INFLATE_SLICE_BYTES).name).toBe(zlibSync === undefined ? 'node:zlib' : 'zlib-sync');
  });
});

for (const [index, inflater] of inflaters.entries()) {
  describe(`inflating with ${inflater.name} (${index})`, () => {
    const inflate = (body: Uint8Array, rawBytes: number): Buffer => {
      const target = new Uint8Array(rawBytes);
      inflater.inflate(body, target);
      return Buffer.from(target);
    };

    it('gives back what was deflated, whatever it was', () => {
      const anything = fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 5000 }),
        fc.nat(200_000).map((length) => new Uint8Array(length + 1).fill(65)),
      );
      fc.assert(
        fc.property(anything, fc.constantFrom(0, 1, 9), (raw, level) => {
          expect(inflate(deflateSync(raw, { level }), raw.length).equals(raw)).toBe(true);
        }),
        { numRuns: 50 },
      );
    });

    it('gives back a large segment that ends with what the stream held back', () => {
      const raw = Buffer.concat([randomBytes(100_000), Buffer.alloc(900_000, 'abc'), randomBytes(48_576)]);
      expect(inflate(deflateSync(raw, { level: 1 }), raw.length).equals(raw)).toBe(true);
    });

    it('refuses a bomb, and anything else that is longer than declared', () => {
      expect(() => inflate(deflateSync(Buffer.alloc(500_000_000)), 65_536)).toThrow(UndecodableError);
      expect(() => inflate(deflateSync(Buffer.alloc(1001)), 1000)).toThrow(UndecodableError);
    });

    it('refuses what is shorter than declared, cut short anywhere, or no deflate stream', () => {
      const body = deflateSync(randomBytes(3000));
      expect(() => inflate(body, 3001)).toThrow(UndecodableError);
      for (let length = 0; length < body.length; length += 97)
        expect(() => inflate(body.subarray(0, length), 3000)).toThrow(UndecodableError);
      expect(() => inflate(randomBytes(3000), 3000)).toThrow(UndecodableError);
    });
  });
}
