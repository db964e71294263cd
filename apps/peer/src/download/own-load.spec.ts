import { describe, expect, it } from 'vitest';
import { OwnLoad } from './own-load.js';
import { WorkerLoad } from './worker-load.js';

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('how busy this process is', () => {
  it('for the disk > is the part of its work that the worker spends on writing', async () => {
    const load = new WorkerLoad();
    const own = new OwnLoad({ clock: { now: () => performance.now(), wait: () => () => undefined }, worker: { load } });
    load.begin();
    await delay(100);
    load.end({ beganAt: 0, decompressMs: 10, verifyMs: 15, writeMs: 75 });
    const { disk } = own.over(50);
    expect(disk).toBeGreaterThan(0.4);
    expect(disk).toBeLessThanOrEqual(0.76);
  });

  it('is measured anew only after the span that is asked for', () => {
    let now = 0;
    const own = new OwnLoad({ clock: { now: () => now, wait: () => () => undefined }, worker: { load: new WorkerLoad() } });
    now = 100;
    expect(own.over(200)).toEqual({ cpu: 0, disk: 0 });
    now = 300;
    const measured = own.over(200);
    now = 310;
    expect(own.over(200)).toBe(measured);
  });
});
