/** Every scenario once, or what CHAOS_SEED and CHAOS_SCENARIO say. */
import { expect, it } from 'vitest';
import { theCluster } from '../tools/cluster.ts';
import { runScenario } from './run-scenario.ts';
import { SCENARIOS } from './scenarios.ts';

const SEED = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

it.each(SCENARIOS)('$name: $what', async (scenario) => {
  console.log(`CHAOS_SEED=${SEED}`);
  const run = await runScenario(await theCluster(), scenario, SEED);
  console.log(JSON.stringify(run));
  expect(run.broken).toEqual([]);
});
