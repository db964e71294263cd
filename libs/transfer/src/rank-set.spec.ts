import { describe, expect, it } from 'vitest';
import { RankSet } from './rank-set.js';
import { seededOrder, seededRandom } from './seeded-order.js';

describe('a set of ranks', () => {
  it.each([1, 31, 32, 33, 1023, 1024, 1025, 5000])('of %d > finds the same as a plain set after random changes', (size) => {
    const random = seededRandom(size);
    const sets = [new RankSet(size), new RankSet(size)] as const;
    const plain = [new Set<number>(), new Set<number>()] as const;
    for (let round = 0; round < 2_000; round++) {
      const which = random() % 2 === 0 ? 0 : 1;
      const rank = random() % size;
      const change = random() % 3 === 0 ? 'add' : 'delete';
      const isNews = plain[which].has(rank) === (change === 'delete');
      plain[which][change](rank);
      expect(sets[which][change](rank)).toBe(isNews);
      if (round % 50 !== 0) continue;
      const common = [...plain[0]].filter((other) => plain[1].has(other));
      expect(sets[0].count).toBe(plain[0].size);
      expect(sets[0].first({ words: 0 })).toBe(plain[0].size === 0 ? -1 : Math.min(...plain[0]));
      const above = [...plain[0]].filter((other) => other > rank);
      expect(sets[0].after(rank)).toBe(above.length === 0 ? -1 : Math.min(...above));
      expect(sets[0].firstCommon(sets[1], { words: 0 }, Infinity)).toBe(common.length === 0 ? -1 : Math.min(...common));
    }
    const visited: number[] = [];
    sets[0].forEach((rank) => visited.push(rank));
    expect(visited).toEqual([...plain[0]].toSorted((a, b) => a - b));
  });

  it('a search that costs too much > gives up', () => {
    const [odd, even] = [new RankSet(1_000_000), new RankSet(1_000_000)];
    for (let rank = 0; rank < 1_000_000; rank++) (rank % 2 === 0 ? even : odd).add(rank);
    const cost = { words: 0 };
    expect(odd.firstCommon(even, cost, 100)).toBe(-1);
    expect(cost.words).toBeLessThan(100 + 64);
  });
});

describe('a seeded order', () => {
  it('holds each place once, and follows from the seed', () => {
    expect([...seededOrder(1_000, 5)].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
    expect(seededOrder(1_000, 5)).toEqual(seededOrder(1_000, 5));
    expect(seededOrder(1_000, 5)).not.toEqual(seededOrder(1_000, 6));
  });
});
