import { describe, expect, it } from 'vitest';
import { fluidOptimumMs } from './testing/random-swarm.js';
import type { RateFrom, SourcePlan } from './testing/simulated-source.js';
import { SimulatedSwarm } from './testing/simulated-swarm.js';
import type { SwarmPlan, SwarmResult } from './testing/swarm-plan.js';

const MIB = 1024 * 1024;
const SEGMENTS = 300;

function lan(index: number, rates: readonly RateFrom[], until = Infinity): SourcePlan {
  return {
    id: `peer-${index}`,
    rates,
    latencyMs: 0.3,
    lumpBytes: 64 * 1024,
    paceBytesPerSecond: 0,
    present: [{ from: 0, to: until }],
  };
}

function run(sources: readonly SourcePlan[]): { result: SwarmResult; plan: SwarmPlan } {
  const plan = { seed: 3, fileBytes: SEGMENTS * MIB, buffersMax: 64, holderWaitMs: 5_000, verifyMs: 2, sources, endMs: 600_000 };
  return { result: new SimulatedSwarm(plan).run(), plan };
}

describe('300 MiB over shaped links', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('%d sources of different rates > at least 0.95 of what the links can carry', (count) => {
    const { result, plan } = run(
      Array.from({ length: count }, (_, index) => lan(index, [{ at: 0, bytesPerSecond: (10 + 3 * index) * MIB }])),
    );
    expect(fluidOptimumMs(plan) / result.endedAt).toBeGreaterThanOrEqual(0.95);
    expect(result.report.wastedBytes).toBe(0);
  });

  it('one source of three killed at half way > under 1.05 of what the links could carry, and only what it owed is lost', () => {
    const rates = [{ at: 0, bytesPerSecond: 20 * MIB }];
    const { result, plan } = run([lan(0, rates), lan(1, rates), lan(2, rates, 2_500)]);
    expect(result.endedAt / fluidOptimumMs(plan)).toBeLessThan(1.05);
    expect(result.report.redistributed.source_left).toBeGreaterThan(0);
    expect(result.report.wastedBytes).toBeLessThanOrEqual(16 * MIB);
  });

  it('one source of three becomes a hundred times slower at half way > under 1.05 of what the links could carry', () => {
    const rates = [{ at: 0, bytesPerSecond: 20 * MIB }];
    const { result, plan } = run([lan(0, rates), lan(1, rates), lan(2, [...rates, { at: 2_500, bytesPerSecond: 0.2 * MIB }])]);
    expect(result.endedAt / fluidOptimumMs(plan)).toBeLessThan(1.05);
    expect(result.report.redistributed.source_slow).toBeGreaterThan(0);
  });

  it('one source of three falls silent at half way > under 1.05 of what the links could carry, and noticed within 2 s', () => {
    const rates = [{ at: 0, bytesPerSecond: 20 * MIB }];
    const { result, plan } = run([lan(0, rates), lan(1, rates), lan(2, [...rates, { at: 2_500, bytesPerSecond: 0 }])]);
    expect(result.endedAt / fluidOptimumMs(plan)).toBeLessThan(1.05);
    expect(result.commands.filter(({ kind }) => kind === 'disconnect')).toHaveLength(1);
  });

  it('one source of three is a hundred times slower from the start > does not hold up the end', () => {
    const rates = [{ at: 0, bytesPerSecond: 20 * MIB }];
    const { result, plan } = run([lan(0, rates), lan(1, rates), lan(2, [{ at: 0, bytesPerSecond: 0.2 * MIB }])]);
    expect(result.endedAt / fluidOptimumMs(plan)).toBeLessThan(1.05);
  });
});
