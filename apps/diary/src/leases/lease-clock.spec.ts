import { describe, expect, test } from 'vitest';
import { LeaseClock } from './lease-clock.js';

/** A clock of leases on a time that the test sets; ticks are due every 100 ms. */
function clock(): { at(ms: number): void; clock: LeaseClock } {
  let nowMs = 0;
  const leaseClock = new LeaseClock(() => nowMs, 100);
  return { at: (ms) => (nowMs = ms), clock: leaseClock };
}

describe('the clock of leases', () => {
  test('goes with time while ticks come when they are due', () => {
    const { at, clock: subject } = clock();
    for (const ms of [100, 200, 300]) {
      at(ms);
      expect(subject.tick()).toBe(0);
      expect(subject.nowMs).toBe(ms);
    }
  });

  test('goes with time between ticks', () => {
    const { at, clock: subject } = clock();
    at(60);
    expect(subject.nowMs).toBe(60);
  });

  test('stands still from when a tick is overdue until it comes', () => {
    const { at, clock: subject } = clock();
    at(5_000);
    expect(subject.nowMs).toBe(100);
    expect(subject.tick()).toBe(4_900);
    expect(subject.nowMs).toBe(100);
    at(5_050);
    expect(subject.nowMs).toBe(150);
  });

  test('gives a lease renewed between a pause and its late tick no more than its time', () => {
    const { at, clock: subject } = clock();
    at(5_000);
    const renewedAtMs = subject.nowMs;
    subject.tick();
    expect(subject.nowMs - renewedAtMs).toBe(0);
  });
});
