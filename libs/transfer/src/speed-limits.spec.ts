import { describe, expect, it } from 'vitest';
import { largestLimitOf, limitSharesOf, type SourceSpan, type SpeedSpan } from './speed-limits.js';

const FREE: SourceSpan = { wireBytes: 500, paceBytesPerSecond: 0, busy: 0.05 };
const span = (over: Partial<SpeedSpan>): SpeedSpan => ({ seconds: 0.5, cpu: 0.1, disk: 0.05, sources: [FREE, FREE], ...over });

describe('what bounds the speed', () => {
  it.each([
    ['link', 'nothing else is busy', span({})],
    ['cpu', 'a thread of the downloader always computes or waits for a CPU', span({ cpu: 0.97, disk: 0.5 })],
    ['disk', 'the disk is always written to', span({ disk: 0.93 })],
    ['source', 'the sources say that they cannot serve faster', span({ sources: [{ ...FREE, busy: 0.9 }] })],
    ['source', 'there is nobody to ask', span({ sources: [] })],
    ['delay', 'what comes is what the announced pace lets through', span({ sources: [{ ...FREE, paceBytesPerSecond: 1024 }] })],
    ['cpu', 'of two that are busy one is busier', span({ cpu: 0.95, sources: [{ ...FREE, busy: 0.8 }] })],
    ['link', 'one source of three is paced', span({ sources: [FREE, FREE, { ...FREE, paceBytesPerSecond: 1024 }] })],
  ] as const)('is the %s when %s', (limit, _, measured) => {
    expect(largestLimitOf(limitSharesOf(measured))).toBe(limit);
  });

  it('is never more than all of the time, whatever was measured', () => {
    const shares = limitSharesOf(span({ cpu: 1.3, disk: -0.1, sources: [{ wireBytes: 9999, paceBytesPerSecond: 1, busy: 7 }] }));
    for (const each of Object.values(shares)) {
      expect(each).toBeGreaterThanOrEqual(0);
      expect(each).toBeLessThanOrEqual(1);
    }
  });
});
