// Which scenarios run, in which order, with which seeds: all of it follows from one seed.
import { randomInt } from 'node:crypto';
import { generator } from '../../tools/content.ts';
import { shuffled } from '../../tools/shuffled.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

const SEED_MAX = 2 ** 31;
/** In CI: as many rounds as there is time for. Each draws so many scenarios of either level; over many seeds all are drawn. */
const ROUNDS = 3;
const OF_A_ROUND = { pod: 1, node: 1 } as const;

export interface Planned {
  readonly scenario: Scenario;
  /** Replays this one, with its name. */
  readonly seed: number;
}

export function randomSeed(): number {
  return randomInt(SEED_MAX);
}

/** Without end: all scenarios in one order, then in another. The first has the seed itself. */
export function* endlessPlan(scenarios: readonly Scenario[], seed: number): Generator<Planned, never> {
  const random = generator(seed);
  for (let next = seed; ;) {
    for (const scenario of shuffled(scenarios, random)) {
      yield { scenario, seed: next };
      next = Math.floor(random() * SEED_MAX);
    }
  }
}

/** Three rounds of random scenarios. */
export function roundsPlan(seed: number): readonly Planned[] {
  const random = generator(seed);
  const drawn = (['pod', 'node'] as const).map((level) =>
    shuffled(
      SCENARIOS.filter((each) => each.level === level),
      random,
    ),
  );
  const [pods = [], nodes = []] = drawn;
  const rounds = Array.from({ length: ROUNDS }, (_, round) => [
    ...pods.slice(round * OF_A_ROUND.pod, (round + 1) * OF_A_ROUND.pod),
    ...nodes.slice(round * OF_A_ROUND.node, (round + 1) * OF_A_ROUND.node),
  ]);
  return rounds.flat().map((scenario) => ({ scenario, seed: Math.floor(random() * SEED_MAX) }));
}
