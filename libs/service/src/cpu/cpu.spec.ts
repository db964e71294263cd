import { describe, expect, it } from 'vitest';
import { BusiestThread, type ThreadTimes } from './busiest-thread.js';
import { BusyTime } from './busy-time.js';

class Clock {
  ms = 0;
  readonly now = (): number => this.ms;
}

describe('the busiest thread', () => {
  it('is the one that ran or waited longest since the last question', () => {
    const clock = new Clock();
    let times: ThreadTimes = new Map([
      ['1', 9e9],
      ['2', 5e9],
    ]);
    const thread = new BusiestThread({ now: clock.now, read: () => times });
    clock.ms = 500;
    times = new Map([
      ['1', 9.1e9],
      ['2', 5.4e9],
      ['3', 0.2e9],
    ]);
    expect(thread.share()).toBeCloseTo(0.8);
    expect(['1', '2', '3', '4', undefined].map((each) => thread.shareOf(each))).toEqual(
      [0.2, 0.8, 0.4, 0, 0].map((share) => expect.closeTo(share) as number),
    );
    clock.ms = 1000;
    expect(thread.share()).toBe(0);
  });

  it('of this very process computes all the time while it computes', () => {
    const thread = new BusiestThread();
    const until = performance.now() + 200;
    while (performance.now() < until);
    expect(thread.share()).toBeGreaterThan(0.5);
  });

  it('is guessed from the event loop where the system tells of no threads', () => {
    const thread = new BusiestThread({ read: () => undefined });
    expect(thread.share()).toBeGreaterThanOrEqual(0);
    expect(thread.share()).toBeLessThanOrEqual(1);
  });
});

describe('the time that something is in work', () => {
  it('counts once what overlaps, and goes on counting what is in work when asked', () => {
    const clock = new Clock();
    const busy = new BusyTime(clock.now);
    clock.ms = 100;
    busy.begin();
    clock.ms = 150;
    busy.begin();
    clock.ms = 200;
    busy.end();
    clock.ms = 400;
    expect(busy.share()).toBeCloseTo(0.75);
    clock.ms = 450;
    busy.end();
    clock.ms = 500;
    expect(busy.sinceMs).toBe(100);
    expect(busy.share()).toBeCloseTo(0.5);
  });
});
