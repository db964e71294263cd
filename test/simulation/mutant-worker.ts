import { parentPort, workerData } from 'node:worker_threads';
import type * as RandomSwarm from '../../libs/transfer/src/testing/random-swarm.ts';
import type * as SimulatedSwarm from '../../libs/transfer/src/testing/simulated-swarm.ts';
import { CALM, TROUBLED, WILD } from './troubles.ts';

/** Where a copy of the scheduler and its simulator stands, and how many seeds it gets. */
const { folder, seeds } = workerData as { folder: string; seeds: number };
const { randomSwarm, fluidOptimumMs } = (await import(`${folder}/testing/random-swarm.js`)) as typeof RandomSwarm;
const { SimulatedSwarm: Swarm } = (await import(`${folder}/testing/simulated-swarm.js`)) as typeof SimulatedSwarm;

parentPort?.postMessage(firstFailure());

/** The first line of what failed, with its seed; undefined when all held. */
function firstFailure(): string | undefined {
  const ratios: number[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      const plan = randomSwarm(seed, CALM);
      ratios.push(new Swarm(plan).run().endedAt / fluidOptimumMs(plan));
      new Swarm(randomSwarm(seed, WILD)).run();
      const { outcome } = new Swarm(randomSwarm(seed, TROUBLED)).run();
      if (outcome !== 'finished') return `SEED=${seed}: ${outcome} though a holder stays`;
    } catch (error) {
      return String(error).split('\n')[0];
    }
  }
  ratios.sort((one, other) => one - other);
  const [median = NaN, p99 = NaN] = [ratios[Math.floor(0.5 * seeds)], ratios[Math.floor(0.99 * seeds)]];
  return median < 1.1 && p99 < 1.5 ? undefined : `${seeds} seeds: median ${median.toFixed(3)}, p99 ${p99.toFixed(3)} of the fluid optimum`;
}
