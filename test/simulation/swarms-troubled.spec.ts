import { describe, expect, it } from 'vitest';
import { print, run, seeds } from './seeds.ts';
import { TROUBLED } from './troubles.ts';

const SEEDS = seeds(2000);

describe('holders die, stall, lie and refuse, and one honest one stays, checked at every step', () => {
  it('every download finishes', () => {
    let steps = 0;
    let beyond = 0;
    let file = 0;
    for (const seed of SEEDS) {
      const result = run(seed, TROUBLED);
      expect(result.outcome, `SEED=${seed}`).toBe('finished');
      steps += result.steps;
      beyond += result.beyondBytes;
      file += result.report.fileBytes;
    }
    print(`${SEEDS.length} seeds, ${steps} steps: ${((100 * beyond) / file).toFixed(2)} % of the files' bytes came beyond them`);
  });
});
