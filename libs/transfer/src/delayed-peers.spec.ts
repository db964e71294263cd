import { describe, expect, it } from 'vitest';
import { SimulatedSwarm } from './testing/simulated-swarm.js';
import type { SourcePlan } from './testing/simulated-source.js';

const KIB = 1024;
const SEGMENT_BYTES = 64 * KIB;

function delayed(index: number, delayMs: number): SourcePlan {
  const bytesPerSecond = (KIB / delayMs) * 1000;
  return {
    id: `peer-${index}`,
    rates: [{ at: 0, bytesPerSecond }],
    latencyMs: 0.5,
    lumpBytes: Math.max(KIB, (bytesPerSecond * 5) / 1000),
    paceBytesPerSecond: bytesPerSecond,
    present: [{ from: 0, to: Infinity }],
  };
}

function partOfTheSum(segments: number, delaysMs: readonly number[]): number {
  const sources = delaysMs.map((delayMs, index) => delayed(index, delayMs));
  const fileBytes = segments * SEGMENT_BYTES;
  const result = new SimulatedSwarm({
    seed: 7,
    fileBytes,
    buffersMax: 64,
    holderWaitMs: 1000,
    verifyMs: 1,
    sources,
    endMs: 1e7,
  }).run();
  const sum = sources.reduce((rates, source) => rates + source.paceBytesPerSecond, 0);
  return ((fileBytes / sum) * 1000) / result.endedAt;
}

describe('delayed peers serve at the sum of their rates', () => {
  for (const segments of [80, 207]) {
    for (const count of [1, 2, 3, 4, 5, 6, 7, 8]) {
      it(`${count} alike, ${segments} segments > at least 0.92 of the sum`, () => {
        expect(
          partOfTheSum(
            segments,
            Array.from({ length: count }, () => 1),
          ),
        ).toBeGreaterThanOrEqual(0.92);
      });
      it(`${count} of 1:2, ${segments} segments > at least 0.92 of the sum`, () => {
        expect(
          partOfTheSum(
            segments,
            Array.from({ length: count }, (_, index) => 1 + (index % 2)),
          ),
        ).toBeGreaterThanOrEqual(0.92);
      });
    }
  }

  it('two peers with 100 and 200 ms a packet, 30 segments > at least 0.92 of the sum', () => {
    expect(partOfTheSum(30, [100, 200])).toBeGreaterThanOrEqual(0.92);
  });
});
