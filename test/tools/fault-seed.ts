// Random faults that replay: everything follows from one seed.
import { randomInt } from 'node:crypto';

const SEED_MAX = 2 ** 31;

/** A seed of its own for each run, or the one in `FAULTS_SEED`. It is printed. */
export function faultSeed(): number {
  const given = process.env['FAULTS_SEED'];
  const seed = given === undefined ? randomInt(SEED_MAX) : Number(given);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`FAULTS_SEED is "${given}"; it must be a whole number`);
  console.log(`faults: seed ${seed} (FAULTS_SEED=${seed} replays it)`);
  return seed;
}

/** `count` of the items in an order that follows from `random`, and a fraction for each at which it is struck. */
export function choose<T>(items: readonly T[], count: number, random: () => number): readonly { readonly item: T; readonly at: number }[] {
  return items
    .map((item) => ({ item, rank: random(), at: random() }))
    .toSorted((left, right) => left.rank - right.rank)
    .slice(0, count)
    .map(({ item, at }) => ({ item, at }));
}
