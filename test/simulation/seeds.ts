import { randomSwarm, type Trouble } from '../../libs/transfer/src/testing/random-swarm.ts';
import { SimulatedSwarm } from '../../libs/transfer/src/testing/simulated-swarm.ts';
import type { SwarmResult } from '../../libs/transfer/src/testing/swarm-plan.ts';

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
