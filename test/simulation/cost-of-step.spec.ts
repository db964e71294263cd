import { describe, expect, it } from 'vitest';
import { turnover } from '../../libs/transfer/src/testing/turnover.ts';
import { print } from './seeds.ts';

/** What `P2P_MAX_SOURCES` allows at most: so many of the peers a download is connected to at once. */
const LIVE_MAX = 64;
/** A machine with other work measures anything; growth in step with the peers would be 80-fold. */
const GROWTH_MAX = 20;

const elapsedUs = (): number => performance.now() * 1000;

describe('the cost of a step', () => {
  it('more peers that come and go, more segments > about the same', () => {
    const shapes = [
      { peers: 64, segments: 1000 },
      { peers: 500, segments: 1000 },
      { peers: 5000, segments: 1000 },
      { peers: 5000, segments: 10_000 },
    ];
    const [warm] = shapes;
    if (warm !== undefined) turnover({ ...warm, liveMax: LIVE_MAX, elapsedUs });
    print('  peers  at once  segments  steps  median us  mean us  words a segment');
    const costs = [...shapes.map((shape) => ({ ...shape, liveMax: LIVE_MAX })), { peers: 5000, segments: 1000, liveMax: 5000 }].map(
      (shape) => {
        const cost = turnover({ ...shape, elapsedUs });
        const row = [
          shape.peers,
          shape.liveMax,
          shape.segments,
          cost.steps,
          cost.medianUs.toFixed(1),
          cost.meanUs.toFixed(1),
          cost.wordsPerSegment.toFixed(1),
        ];
        print(row.map((cell, column) => String(cell).padStart([7, 9, 10, 7, 11, 9, 17][column] ?? 0)).join(''));
        return cost;
      },
    );
    const bounded = costs.slice(0, shapes.length);
    const least = Math.min(...bounded.map(({ medianUs }) => medianUs));
    for (const { medianUs } of bounded) expect(medianUs).toBeLessThan(GROWTH_MAX * Math.max(least, 1));
    // Looking at each source is linear, which is why a download has a bound of them; what is looked for in the file is not.
    for (const { wordsPerSegment } of costs) expect(wordsPerSegment).toBeLessThan(200);
  });
});
