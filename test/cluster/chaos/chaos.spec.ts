/** Three rounds of random scenarios. CHAOS_SEED replays them; `npm run chaos` goes on for longer, or replays one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { theCluster } from '../tools/cluster.ts';
import { randomSeed, roundsPlan } from './plan.ts';
import { tableOf } from './report.ts';
import { Session } from './session.ts';

const SEED = Number(process.env['CHAOS_SEED'] ?? randomSeed());

let session: Session;

beforeAll(async () => {
  console.log(`CHAOS_SEED=${SEED} replays these scenarios`);
  session = await Session.open(await theCluster(), SEED);
});

afterAll(() => {
  console.log(`CHAOS_SEED=${SEED}\n${tableOf(session.rows)}`);
});

describe('a download ends byte for byte right, and fetches nothing twice beyond the bound, when', () => {
  it.for(roundsPlan(SEED))('$scenario.what', async (planned, context) => {
    const { outcome, why } = await session.run(planned);
    if (outcome === 'skipped') context.skip(why.join());
    expect(why, `npm run chaos -- --scenario ${planned.scenario.name} --seed ${planned.seed}`).toEqual([]);
  });
});
