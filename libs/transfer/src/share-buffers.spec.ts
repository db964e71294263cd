import { describe, expect, it } from 'vitest';
import { shareBuffers } from './share-buffers.js';

const MIB = 1024 * 1024;

describe('sharing buffers among downloads', () => {
  it('no download > no share', () => {
    expect(shareBuffers(64 * MIB, [])).toEqual([]);
  });

  it('one download > all it wants, and no more than there is', () => {
    expect(shareBuffers(64 * MIB, [{ segmentBytes: MIB, segmentsWanted: 10 }])).toEqual([10]);
    expect(shareBuffers(64 * MIB, [{ segmentBytes: MIB, segmentsWanted: 100 }])).toEqual([64]);
  });

  it('one wants little > the others share what it leaves', () => {
    const wanted = [2, 100, 100].map((segmentsWanted) => ({ segmentBytes: MIB, segmentsWanted }));
    expect(shareBuffers(32 * MIB, wanted)).toEqual([2, 15, 15]);
  });

  it('segments of different sizes > alike in bytes', () => {
    const demands = [
      { segmentBytes: MIB, segmentsWanted: 1000 },
      { segmentBytes: MIB / 16, segmentsWanted: 1000 },
    ];
    expect(shareBuffers(32 * MIB, demands)).toEqual([16, 256]);
  });

  it('more downloads than buffers > each has one all the same', () => {
    const demands = Array.from({ length: 10 }, () => ({ segmentBytes: MIB, segmentsWanted: 4 }));
    expect(shareBuffers(4 * MIB, demands)).toEqual(demands.map(() => 1));
  });
});
