import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FILE_BYTES_MAX, SEGMENTS_AIMED_AT, SEGMENTS_MAX, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN } from './limits.js';
import { assertFileBytes, segmentBytesOf, segmentCountOf, segmentLengthOf } from './segment-size.js';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('the size of a segment', () => {
  it.each([
    [0, 64 * KIB],
    [1, 64 * KIB],
    [16 * MIB - 1, 64 * KIB],
    [16 * MIB, 128 * KIB],
    [32 * MIB - 1, 128 * KIB],
    [32 * MIB, 256 * KIB],
    [64 * MIB - 1, 256 * KIB],
    [64 * MIB, 512 * KIB],
    [128 * MIB - 1, 512 * KIB],
    [128 * MIB, MIB],
    [FILE_BYTES_MAX, MIB],
  ])('of a file of %i bytes is %i', (fileBytes, segmentBytes) => {
    expect(segmentBytesOf(fileBytes)).toBe(segmentBytes);
  });

  it('is the largest that still cuts the file into 128, within its bounds', () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat().map((n) => n % (FILE_BYTES_MAX + 1)),
        (fileBytes) => {
          const segmentBytes = segmentBytesOf(fileBytes);
          expect(Math.log2(segmentBytes) % 1).toBe(0);
          expect(segmentBytes).toBeGreaterThanOrEqual(SEGMENT_BYTES_MIN);
          expect(segmentBytes).toBeLessThanOrEqual(SEGMENT_BYTES_MAX);
          expect(segmentBytes === SEGMENT_BYTES_MIN || fileBytes / segmentBytes >= SEGMENTS_AIMED_AT).toBe(true);
          expect(segmentBytes === SEGMENT_BYTES_MAX || fileBytes / (segmentBytes * 2) < SEGMENTS_AIMED_AT).toBe(true);
        },
      ),
    );
  });
});

describe('the segments of a file', () => {
  it.each([
    [0, 0],
    [1, 1],
    [64 * KIB - 1, 1],
    [64 * KIB, 1],
    [64 * KIB + 1, 2],
    [FILE_BYTES_MAX, SEGMENTS_MAX],
  ])('of %i bytes are %i', (fileBytes, count) => {
    expect(segmentCountOf(fileBytes)).toBe(count);
  });

  it('add up to the file, and none is empty', () => {
    fc.assert(
      fc.property(fc.nat(300 * MIB), (fileBytes) => {
        const count = segmentCountOf(fileBytes);
        let sum = 0;
        for (let index = 0; index < count; index++) {
          const length = segmentLengthOf(fileBytes, index);
          expect(length).toBeGreaterThan(0);
          sum += length;
        }
        expect(sum).toBe(fileBytes);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a size that no file has', () => {
  it.each([-1, 0.5, NaN, Infinity, FILE_BYTES_MAX + 1])('of %d bytes is LIMIT_EXCEEDED', (fileBytes) => {
    for (const act of [assertFileBytes, segmentBytesOf, segmentCountOf]) {
      expect(() => act(fileBytes)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }) as Error);
    }
  });
});
