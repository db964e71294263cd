import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pacer } from './pacer.js';

/** Sends a body as the sender does, with timers that are late by what `lateMs` says. Returns when its last byte was due. */
function send(pacer: Pacer, bodyBytes: number, startMs: number, lateMs: () => number): { endMs: number; largest: number; wakes: number } {
  let nowMs = startMs;
  let left = bodyBytes;
  let largest = 0;
  let wakes = 0;
  pacer.start(nowMs);
  while (left > 0) {
    const bytes = pacer.dueBytes(nowMs, left);
    if (bytes > 0) {
      pacer.sent(bytes, bytes === left);
      left -= bytes;
      largest = Math.max(largest, bytes);
    } else {
      wakes++;
      nowMs += Math.max(1, Math.ceil(pacer.waitMs(nowMs, left))) + lateMs();
    }
  }
  return { endMs: nowMs, largest, wakes };
}

describe('a pace', () => {
  it.each([0.1, 0.3, 1, 5, 7, 50, 200])('of %f ms a packet is kept within 0.4 %% however late the timers are', (packetDelayMs) => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 1 }), (lateness) => {
        const packets = Math.ceil(2000 / packetDelayMs);
        let at = 0;
        const pacer = new Pacer({ packetDelayMs, packetBytes: 1024 });
        const { endMs } = send(pacer, packets * 1024, 1e6, () => lateness[at++ % lateness.length] ?? 0);
        const expectedMs = packets * packetDelayMs;
        expect(endMs - 1e6).toBeGreaterThanOrEqual(expectedMs - 1e-3);
        // The last timer's own lateness shows; nothing adds up.
        expect(endMs - 1e6).toBeLessThanOrEqual(expectedMs * 1.004 + 4);
      }),
      { numRuns: 20 },
    );
  });

  it('lets nothing go before the first delay, and then one packet', () => {
    const pacer = new Pacer({ packetDelayMs: 100, packetBytes: 1024 });
    pacer.start(0);
    expect(pacer.dueBytes(99.9, 5000)).toBe(0);
    expect(pacer.dueBytes(100, 5000)).toBe(1024);
    pacer.sent(1024, false);
    expect(pacer.dueBytes(199.9, 3976)).toBe(0);
    expect(pacer.waitMs(150, 3976)).toBe(50);
  });

  it('counts a part of a packet as a whole one at the end of a body, and only there', () => {
    const pacer = new Pacer({ packetDelayMs: 10, packetBytes: 1000 });
    pacer.start(0);
    expect(pacer.dueBytes(20, 1500)).toBe(1500);
    pacer.sent(700, false);
    pacer.sent(800, true);
    expect(pacer.dueBytes(20, 1500)).toBe(0);
    expect(pacer.dueBytes(30, 1500)).toBe(1000);
  });

  it('wakes about every 5 ms, or once a packet when packets are rarer', () => {
    expect(send(new Pacer({ packetDelayMs: 0.1, packetBytes: 1024 }), 1024 * 1000, 0, () => 0).wakes).toBeLessThanOrEqual(21);
    expect(send(new Pacer({ packetDelayMs: 20, packetBytes: 1024 }), 1024 * 10, 0, () => 0).wakes).toBe(10);
  });

  it('runs on from body to body, and stands still while nothing is to be sent', () => {
    const pacer = new Pacer({ packetDelayMs: 10, packetBytes: 1024 });
    const first = send(pacer, 10 * 1024, 0, () => 0);
    const second = send(pacer, 10 * 1024, first.endMs, () => 0);
    expect(second.endMs).toBe(200);
    pacer.stop();
    pacer.start(10_000);
    expect(pacer.dueBytes(10_009, 1024)).toBe(0);
    expect(pacer.dueBytes(10_010, 1024)).toBe(1024);
  });

  it('makes up for a short hold-up and not for a long one: the bytes must trickle', () => {
    const pacer = new Pacer({ packetDelayMs: 1, packetBytes: 1024 });
    pacer.start(0);
    expect(pacer.dueBytes(200, 1e9)).toBe(200 * 1024);
    pacer.sent(200 * 1024, false);
    expect(pacer.dueBytes(60_000, 1e9)).toBe(250 * 1024);
  });

  it('does not make up for a link that was slower than itself', () => {
    const pacer = new Pacer({ packetDelayMs: 1, packetBytes: 1024 });
    pacer.start(0);
    pacer.skip(100);
    expect(pacer.dueBytes(102, 1e9)).toBe(2 * 1024);
  });

  it('of packets larger than a chunk is kept too', () => {
    const pacer = new Pacer({ packetDelayMs: 10, packetBytes: 1024 * 1024 });
    pacer.start(0);
    const chunk = 256 * 1024;
    for (let n = 0; n < 4; n++) {
      expect(pacer.dueBytes(10, 4 * 1024 * 1024)).toBe((4 - n) * chunk);
      pacer.sent(chunk, false);
    }
    expect(pacer.dueBytes(10, 1024 * 1024)).toBe(0);
  });
});
