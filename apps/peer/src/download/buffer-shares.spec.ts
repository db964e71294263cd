import { describe, expect, it } from 'vitest';
import { SEGMENT_BUFFER_BYTES_MAX } from '../limits.js';
import { BufferShares } from './buffer-shares.js';

const MIB = 1024 * 1024;
const total = SEGMENT_BUFFER_BYTES_MAX / MIB;

describe('the budget of segment buffers', () => {
  it("is one download's alone, then shared, then its own again, and it is told so", () => {
    const shares = new BufferShares({ bytes: 64 * MIB });
    const told: number[] = [];
    const first = shares.join({ segmentBytes: MIB, segmentCount: 1000, onChange: (segmentsMax) => told.push(segmentsMax) });
    expect(first.segmentsMax).toBe(total);
    const second = shares.join({ segmentBytes: MIB, segmentCount: 1000, onChange: () => undefined });
    expect([first.segmentsMax, second.segmentsMax]).toEqual([total / 2, total / 2]);
    second.leave();
    second.leave();
    expect(told).toEqual([total / 2, total]);
  });

  it('gives a small file two for each of its segments, so that a slow source can be hedged, and everyone at least one', () => {
    const shares = new BufferShares({ bytes: 64 * MIB });
    const small = shares.join({ segmentBytes: 65_536, segmentCount: 2, onChange: () => undefined });
    expect(small.segmentsMax).toBe(4);
    const many = Array.from({ length: 40 }, () => shares.join({ segmentBytes: MIB, segmentCount: 1000, onChange: () => undefined }));
    expect(many.every((share) => share.segmentsMax === 1)).toBe(true);
  });
});
