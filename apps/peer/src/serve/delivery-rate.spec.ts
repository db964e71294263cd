import { describe, expect, it } from 'vitest';
import { DeliveryRate } from './delivery-rate.js';

const MIB = 1024 * 1024;

function connection() {
  let nowMs = 0;
  const rate = new DeliveryRate(() => nowMs);
  return { rate, pass: (ms: number) => (nowMs += ms) };
}

describe('the rate of delivery', () => {
  it('the kernel takes everything at once, the next request comes when it has arrived > the rate of the link', () => {
    const { rate, pass } = connection();
    for (let segment = 0; segment < 20; segment++) {
      rate.waitsForOther(true);
      rate.sent(MIB);
      pass(200);
    }
    expect(rate.bytesPerSecond).toBeGreaterThan(4.9 * MIB);
    expect(rate.bytesPerSecond).toBeLessThan(5.6 * MIB);
  });

  it('this side takes long to compress > that is not the link', () => {
    const { rate, pass } = connection();
    for (let segment = 0; segment < 200; segment++) {
      rate.waitsForOther(false);
      pass(100);
      rate.waitsForOther(true);
      pass(1);
      rate.sent(MIB);
    }
    expect(rate.bytesPerSecond).toBeCloseTo(1000 * MIB, -6);
  });

  it('nothing is asked for a long time > that is not the link either', () => {
    const { rate, pass } = connection();
    for (let segment = 0; segment < 20; segment++) {
      rate.waitsForOther(true);
      pass(segment % 2 === 0 ? 3_600_000 : 60);
      rate.sent(MIB);
    }
    expect(rate.bytesPerSecond).toBeGreaterThan(30 * MIB);
  });

  it('nothing was sent > nothing is known', () => {
    expect(connection().rate.bytesPerSecond).toBeUndefined();
  });
});
