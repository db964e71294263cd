import { HOLDERS_SAMPLE_MAX } from '@p2p/protocol';
import { describe, expect, it } from 'vitest';
import * as limits from './limits.js';

type Bound = keyof typeof limits;
const bounds: Readonly<Record<Bound, number>> = { ...limits };

describe('bounds that depend on each other', () => {
  it('a heartbeat > comes well before any silence is a loss, and later than what counts as a stall', () => {
    expect(limits.HEARTBEAT_MS).toBeLessThan(limits.SILENCE_MS_MIN / 2);
    expect(limits.STALL_MS_MIN).toBeLessThan(limits.HEARTBEAT_MS);
    expect(limits.STALL_GRACE_MS).toBeLessThanOrEqual(limits.HEARTBEAT_MS);
  });

  it('silence on a fast link > is noticed within the 2 s that are promised', () => {
    expect(limits.SILENCE_FIRST_BYTE_MS_MIN + limits.HEARTBEAT_MS).toBeLessThan(2_000);
    expect(limits.SILENCE_MS_MIN).toBeLessThanOrEqual(limits.SILENCE_FIRST_BYTE_MS_MIN);
  });

  it('the front of the queue > holds what the death of all sources at once leaves', () => {
    expect(limits.FRONT_SCAN_MAX).toBeGreaterThanOrEqual(HOLDERS_SAMPLE_MAX * limits.WINDOW_SEGMENTS_MAX);
  });

  it('patience > reaches the longest silence from the shortest', () => {
    expect(limits.SILENCE_MS_MIN * limits.PATIENCE_MAX).toBeGreaterThanOrEqual(limits.SILENCE_MS_MAX);
  });

  it('the waste budget > pays for at least one hedge and one more', () => {
    expect(limits.HEDGE_WASTE_SEGMENTS_MIN).toBeGreaterThanOrEqual(limits.ATTEMPTS_PER_SEGMENT_MAX);
  });

  it.each<[Bound, Bound]>([
    ['WINDOW_SEGMENTS_START', 'WINDOW_SEGMENTS_MAX'],
    ['BUSY_PAUSE_MS_MIN', 'BUSY_PAUSE_MS_MAX'],
    ['REFUSING_PAUSE_MS_MIN', 'REFUSING_PAUSE_MS_MAX'],
    ['FAILED_PAUSE_MS', 'REFUSING_PAUSE_MS_MIN'],
    ['FIND_INTERVAL_MS_MIN', 'FIND_INTERVAL_MS_MAX'],
    ['SILENCE_FIRST_BYTE_MS_MIN', 'SILENCE_MS_MAX'],
  ])('%s > is below %s', (low, high) => {
    expect(bounds[low]).toBeLessThan(bounds[high]);
  });
});
