import { SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN } from '@p2p/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SegmentArena, type Block } from './segment-arena.js';

const sizes = fc.constantFrom(...[0, 1, 2, 3, 4].map((order) => SEGMENT_BYTES_MIN << order));

describe('a segment arena', () => {
  it('never gives out the same bytes twice, and is whole again when everything came back', () => {
    const steps = fc.array(fc.record({ bytes: sizes, release: fc.nat() }), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (plan) => {
        const arena = new SegmentArena(4 * SEGMENT_BYTES_MAX);
        const held: Block[] = [];
        for (const { bytes, release } of plan) {
          const block = arena.allocate(bytes);
          if (block === undefined || release % 3 === 0) {
            const [gone] = held.splice(release % Math.max(1, held.length), 1);
            if (gone !== undefined) arena.release(gone);
          }
          if (block === undefined) continue;
          expect(block.at % bytes).toBe(0);
          expect(block.at + bytes).toBeLessThanOrEqual(arena.bytes);
          expect(held.every((other) => other.at + other.bytes <= block.at || block.at + bytes <= other.at)).toBe(true);
          held.push(block);
          expect(arena.freeBytes).toBe(arena.bytes - held.reduce((sum, other) => sum + other.bytes, 0));
        }
        for (const block of held) arena.release(block);
        expect(Array.from({ length: 4 }, () => arena.allocate(SEGMENT_BYTES_MAX)?.at)).toEqual(
          [0, 1, 2, 3].map((at) => at * SEGMENT_BYTES_MAX),
        );
      }),
    );
  });

  it('gives the lowest address that is free, so that few pages are touched', () => {
    const arena = new SegmentArena(8 * SEGMENT_BYTES_MAX);
    for (let round = 0; round < 100; round++) {
      const [one, two] = [arena.allocate(SEGMENT_BYTES_MAX), arena.allocate(SEGMENT_BYTES_MAX)];
      expect([one?.at, two?.at]).toEqual([0, SEGMENT_BYTES_MAX]);
      if (one !== undefined) arena.release(one);
      if (two !== undefined) arena.release(two);
    }
  });

  it('has nothing to give when it is full', () => {
    const arena = new SegmentArena(SEGMENT_BYTES_MAX);
    for (let count = 0; count < 16; count++) expect(arena.allocate(SEGMENT_BYTES_MIN)).toBeDefined();
    expect(arena.allocate(SEGMENT_BYTES_MIN)).toBeUndefined();
    expect(arena.freeBytes).toBe(0);
  });

  it('shows the first bytes of a block in the shared buffer', () => {
    const arena = new SegmentArena(SEGMENT_BYTES_MAX);
    const block = arena.allocate(SEGMENT_BYTES_MIN) ?? { at: 0, bytes: 0 };
    const view = arena.view(block, 100);
    expect(view).toMatchObject({ length: 100, byteOffset: block.at });
    expect(view.buffer).toBe(arena.buffer);
    expect(() => arena.allocate(1000)).toThrow('no segment has a size of 1000 bytes');
  });
});
