import { describe, expect, it } from 'vitest';
import { RECEIVER_BOUND_BYTES_PER_SECOND, RECEIVER_BOUND_DEPTH, RECEIVER_BOUND_MS, RECEIVER_BOUND_SAMPLE_MS } from '../limits.js';
import { ReceiverLoad } from './receiver-load.js';

function stage() {
  const state = { now: 0, depth: 0, active: 0, idle: 0 };
  const load = new ReceiverLoad({
    worker: {
      get backlog() {
        return state.depth;
      },
    },
    clock: { now: () => state.now, wait: () => () => undefined },
    utilization: () => ({ active: state.active, idle: state.idle, utilization: 0 }),
  });
  return { state, load };
}

describe('a receiver', () => {
  it('is the bottleneck while segments pile up before its worker, and for a while after', () => {
    const { state, load } = stage();
    state.depth = RECEIVER_BOUND_DEPTH - 1;
    expect(load.isBound).toBe(false);
    state.depth++;
    expect(load.isBound).toBe(true);
    state.depth = 0;
    state.now += RECEIVER_BOUND_MS - 1;
    expect(load.isBound).toBe(true);
    state.now += 1;
    expect(load.isBound).toBe(false);
  });

  it('is the bottleneck when its event loop had no time left in the last second', () => {
    const { state, load } = stage();
    Object.assign(state, { now: 1000, active: 950, idle: 50 });
    expect(load.isBound).toBe(true);
    Object.assign(state, { now: 2000, active: 1050, idle: 950 });
    expect(load.isBound).toBe(false);
  });

  it('is the bottleneck at a rate that no Gigabit link brings, and for a while after', () => {
    const { state, load } = stage();
    state.now = RECEIVER_BOUND_SAMPLE_MS;
    load.received((RECEIVER_BOUND_BYTES_PER_SECOND * RECEIVER_BOUND_SAMPLE_MS) / 1000 - 1);
    expect(load.isBound).toBe(false);
    state.now += RECEIVER_BOUND_SAMPLE_MS;
    load.received((RECEIVER_BOUND_BYTES_PER_SECOND * RECEIVER_BOUND_SAMPLE_MS) / 1000);
    expect(load.isBound).toBe(true);
    state.now += RECEIVER_BOUND_MS;
    expect(load.isBound).toBe(false);
  });
});
