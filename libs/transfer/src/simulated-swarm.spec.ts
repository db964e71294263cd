import { describe, expect, it } from 'vitest';
import { HEDGE_WASTE_RATIO_MAX, HEDGE_WASTE_SEGMENTS_MIN } from './limits.js';
import { fluidOptimumMs, randomSwarm, type Trouble } from './testing/random-swarm.js';
import { SimulatedSwarm } from './testing/simulated-swarm.js';
import type { SwarmResult } from './testing/swarm-plan.js';

/** `SEED=123 vitest run simulated-swarm` replays one seed that failed. */
const replayed = process.env['SEED'];
const SEEDS = replayed === undefined ? Array.from({ length: 400 }, (_, index) => index + 1) : [Number(replayed)];

const CALM: Trouble = { faults: false, anchor: false, segmentsMin: 80 };
const TROUBLED: Trouble = { faults: true, anchor: true, segmentsMin: 0.01 };
const WILD: Trouble = { faults: true, anchor: false, segmentsMin: 0.01 };

function run(seed: number, trouble: Trouble): SwarmResult {
  try {
    return new SimulatedSwarm(randomSwarm(seed, trouble)).run();
  } catch (cause) {
    throw new Error(`SEED=${seed}: ${String(cause)}`, { cause });
  }
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

describe('swarms that a seed makes up, checked at every step', () => {
  it('links of any speed > each download ends close to the fluid optimum', () => {
    const ratios = SEEDS.map((seed) => run(seed, CALM).endedAt / fluidOptimumMs(randomSwarm(seed, CALM))).toSorted((a, b) => a - b);
    const [median, p99] = [quantile(ratios, 0.5), quantile(ratios, 0.99)];
    // oxlint-disable-next-line no-console -- the quality reached is printed, so that a change of it is seen before it fails
    console.log(`seeds ${SEEDS[0]}-${SEEDS.at(-1)}: completion over the fluid optimum: median ${median.toFixed(3)}, p99 ${p99.toFixed(3)}`);
    // One seed alone may be far from the median: a short file over links of very different speed.
    expect(median).toBeLessThan(replayed === undefined ? 1.1 : 3);
    expect(p99).toBeLessThan(replayed === undefined ? 1.6 : 3);
  });

  it('links of any speed > all waste is hedging, and within its budget', () => {
    for (const seed of SEEDS) {
      const { report, state } = run(seed, CALM);
      const bytesMax = Math.max(HEDGE_WASTE_RATIO_MAX * report.fileBytes, HEDGE_WASTE_SEGMENTS_MIN * state.segmentBytes);
      expect(report.wastedBytes, `SEED=${seed}`).toBeLessThanOrEqual(bytesMax);
    }
  });

  it('sources die, stall, lie and refuse, one honest one stays > every download finishes', () => {
    for (const seed of SEEDS) expect(run(seed, TROUBLED).outcome, `SEED=${seed}`).toBe('finished');
  });

  it('sources die, stall, lie and refuse, and none need stay > every download finishes or says that nobody has the rest', () => {
    const outcomes = SEEDS.map((seed) => run(seed, WILD).outcome);
    const finished = outcomes.filter((outcome) => outcome === 'finished').length;
    // Both must occur, or the swarms that were made up prove nothing.
    expect(finished).toBeGreaterThanOrEqual(replayed === undefined ? SEEDS.length / 2 : 0);
    expect(finished).toBeLessThan(SEEDS.length + (replayed === undefined ? 0 : 1));
  });

  it('one seed > one sequence of commands', () => {
    for (const seed of SEEDS.slice(0, 20)) expect(run(seed, WILD).commands).toEqual(run(seed, WILD).commands);
  });
});
