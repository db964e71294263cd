import { describe, expect, test } from 'vitest';
import { Backoff } from './backoff.js';

describe('waits between attempts', () => {
  test('double up to the longest', () => {
    const backoff = new Backoff({ minMs: 100, maxMs: 500, random: () => 1 });
    expect([1, 2, 3, 4, 5].map(() => backoff.nextMs())).toEqual([100, 200, 400, 500, 500]);
  });

  test('are drawn from the upper half of what they could be', () => {
    expect(new Backoff({ minMs: 100, maxMs: 500, random: () => 0 }).nextMs()).toBe(50);
    expect(new Backoff({ minMs: 100, maxMs: 500, random: () => 0.5 }).nextMs()).toBe(75);
  });

  test('begin anew after a success', () => {
    const backoff = new Backoff({ minMs: 100, maxMs: 500, random: () => 1 });
    backoff.nextMs();
    backoff.nextMs();
    backoff.reset();
    expect(backoff.nextMs()).toBe(100);
  });
});
