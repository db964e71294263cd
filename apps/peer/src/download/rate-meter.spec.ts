import { describe, expect, it } from 'vitest';
import { RATE_WINDOW_MS } from '../limits.js';
import { RateMeter } from './rate-meter.js';

describe('the shown rate', () => {
  it('is that of the last seconds, not of the whole download', () => {
    const meter = new RateMeter(0, 0);
    for (let now = 0; now <= 20_000; now += 100) meter.note(now, now < 10_000 ? now * 1000 : 1e7 + (now - 10_000) * 10);
    expect(meter.bytesPerSecond(20_000, 1e7 + 100_000)).toBeCloseTo(10_000, 0);
  });

  it('is 0 before anything came, and when nothing came for the whole window', () => {
    const meter = new RateMeter(0, 0);
    expect(meter.bytesPerSecond(0, 0)).toBe(0);
    for (let now = 0; now <= 3 * RATE_WINDOW_MS; now += 250) meter.note(now, Math.min(now, 1000));
    expect(meter.bytesPerSecond(3 * RATE_WINDOW_MS, 1000)).toBe(0);
  });

  it('is never negative, though what was received may turn out to be worth nothing', () => {
    const meter = new RateMeter(0, 0);
    meter.note(1000, 5000);
    expect(meter.bytesPerSecond(2000, 0)).toBe(0);
  });
});
