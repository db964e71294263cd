import { randomSwarm, type Trouble } from '../../libs/transfer/src/testing/random-swarm.ts';
import { SimulatedSwarm } from '../../libs/transfer/src/testing/simulated-swarm.ts';
import type { SwarmResult } from '../../libs/transfer/src/testing/swarm-plan.ts';

/** Honest holders on links of any speed. The segments that a file of up to 128 MiB is cut into are 128 and more. */
export const CALM: Trouble = { faults: false, anchor: false, segmentsMin: 128 };
/** Holders die, stall, lie, refuse, and one honest one stays. */
export const TROUBLED: Trouble = { faults: true, anchor: true, segmentsMin: 0.01 };
/** ... and none need stay. */
export const WILD: Trouble = { faults: true, anchor: false, segmentsMin: 0.01 };

/** `SEED=123 npx vitest run --project simulation swarms` replays one seed that failed. */
const replayed = process.env['SEED'];
export const isReplay = replayed !== undefined;

/** The seeds 1 to `count`, or the one to replay. */
export function seeds(count: number): number[] {
  return replayed === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [Number(replayed)];
}

/** Throws, with the seed and what happened last, when something does not hold at some step. */
export function run(seed: number, trouble: Trouble): SwarmResult {
  return new SimulatedSwarm(randomSwarm(seed, trouble)).run();
}

export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

/** What was reached is printed, so that a change of it is seen before it fails. */
export function print(line: string): void {
  // oxlint-disable-next-line no-console -- see above
  console.log(line);
}
