import { expect, it } from 'vitest';
import { Driver, SEGMENT_BYTES } from './testing/driver.js';
import type { Attempt } from './source-state.js';
import { beginDuel, newWasteBudget, settleDuel, type WasteBudget } from './waste-budget.js';

/** Two attempts in a duel. */
function duel(): { budget: WasteBudget; first: Attempt; second: Attempt } {
  const driver = new Driver(8);
  driver.join('one');
  driver.join('two');
  const [first, second] = [...driver.state.attempts.values()];
  if (first === undefined || second === undefined) throw new Error('nothing was asked for');
  const budget = newWasteBudget(8 * SEGMENT_BYTES, SEGMENT_BYTES);
  beginDuel(budget, first, second);
  return { budget, first, second };
}

it('one is called off and the other fails > what the first still brings is set aside, then spent', () => {
  const { budget, first, second } = duel();
  first.phase = 'cancelling';
  settleDuel(budget, second);
  expect(budget).toMatchObject({ spentBytes: 0, reservedBytes: SEGMENT_BYTES });
  first.wireBytes = SEGMENT_BYTES;
  settleDuel(budget, first);
  expect(budget).toMatchObject({ spentBytes: SEGMENT_BYTES, reservedBytes: 0 });
});

it('both are called off > neither brings more than was set aside, and all of it is accounted for', () => {
  const { budget, first, second } = duel();
  first.phase = 'cancelling';
  second.phase = 'cancelling';
  first.wireBytes = 1000;
  settleDuel(budget, first);
  expect(budget).toMatchObject({ spentBytes: 1000, reservedBytes: SEGMENT_BYTES - 1000 });
  second.wireBytes = SEGMENT_BYTES;
  settleDuel(budget, second);
  expect(budget).toMatchObject({ spentBytes: SEGMENT_BYTES, reservedBytes: 0 });
});

it('one is lost while the other goes on > it is settled once, and the other may duel again', () => {
  const { budget, first, second } = duel();
  second.wireBytes = 1000;
  settleDuel(budget, second);
  settleDuel(budget, first);
  expect(budget).toMatchObject({ spentBytes: 1000, reservedBytes: 0 });
  expect(first.duel).toBeUndefined();
});
