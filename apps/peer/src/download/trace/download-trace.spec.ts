import type { Span, SpanAttributes, SpanEnd, SpanOptions, Tracer } from '@p2p/service';
import { describe, expect, it } from 'vitest';
import { TRACED_ATTEMPTS_MAX, TRACED_SEGMENTS_FIRST, TRACED_SEGMENTS_LATER_MAX } from '../../limits.js';
import type { SegmentOutcome } from '../download-metrics.js';
import type { SegmentRequest } from '../segment-request.js';
import { DownloadTrace } from './download-trace.js';

/** A span that is kept, with those below it. */
class KeptSpan implements Span {
  readonly traceId = 'trace';
  readonly children: KeptSpan[] = [];
  readonly events: string[] = [];
  readonly name: string;
  attributes: SpanAttributes;
  ends = 0;
  failure: string | undefined;

  constructor(name: string, options: SpanOptions = {}) {
    this.name = name;
    this.attributes = options.attributes ?? {};
  }

  get traceparent(): string {
    return `of ${this.name}`;
  }

  child(name: string, options?: SpanOptions): KeptSpan {
    const span = new KeptSpan(name, options);
    this.children.push(span);
    return span;
  }

  event(name: string): void {
    this.events.push(name);
  }

  end({ attributes = {}, failure }: SpanEnd = {}): void {
    this.ends += 1;
    this.failure = failure;
    this.attributes = { ...this.attributes, ...attributes };
  }

  *all(): Generator<KeptSpan> {
    yield this;
    for (const child of this.children) yield* child.all();
  }
}

const JOB = { id: 'f'.repeat(64), name: 'file', bytes: 1 } as Parameters<typeof DownloadTrace.begin>[1];
const clock = { now: () => 0, wait: () => () => undefined };

function begin(): { readonly trace: DownloadTrace; readonly root: KeptSpan } {
  const root = new KeptSpan('download');
  const tracer: Tracer = { begin: () => root, join: () => undefined };
  const trace = DownloadTrace.begin({ tracer, clock }, JOB);
  if (trace === undefined) throw new Error('it has a root');
  return { trace, root };
}

let lastId = 0;

function requestOf(segment: number, source = 'a'): SegmentRequest {
  lastId += 1;
  return { id: lastId, source, segment, startedAt: 0, codec: 'identity', rawBytes: 10, wireBytes: 10 } as SegmentRequest;
}

function attempt(trace: DownloadTrace, segment: number, outcome: SegmentOutcome): string | undefined {
  const request = requestOf(segment);
  const traceparent = trace.asked(request, 'first');
  trace.ended(request, outcome);
  return traceparent;
}

describe('the trace of a download', () => {
  it('has spans of the first segments, and the others in sum', () => {
    const { trace, root } = begin();
    for (let segment = 0; segment < TRACED_SEGMENTS_FIRST + 10; segment += 1) {
      expect(attempt(trace, segment, 'verified') !== undefined).toBe(segment < TRACED_SEGMENTS_FIRST);
    }
    trace.end(undefined, undefined);
    expect(root.children.filter(({ name }) => name === 'segment')).toHaveLength(TRACED_SEGMENTS_FIRST);
    expect(root.attributes).toMatchObject({ 'p2p.outcome': 'done', 'p2p.rest.attempts': 10, 'p2p.rest.wire_bytes': 100 });
  });

  it('has a later segment of which an attempt failed, with its successor, which the holder hears of', () => {
    const { trace, root } = begin();
    for (let segment = 0; segment < TRACED_SEGMENTS_FIRST; segment += 1) attempt(trace, segment, 'verified');
    const segment = TRACED_SEGMENTS_FIRST + 5;
    const lost = requestOf(segment, 'a');
    expect(trace.asked(lost, 'first')).toBeUndefined();
    trace.redistributed({ segment, source: 'a', reason: 'source_left' });
    const successor = requestOf(segment, 'b');
    expect(trace.asked(successor, 'redistributed')).toBe('of attempt');
    trace.ended(lost, 'lost');
    trace.ended(successor, 'verified');
    const span = root.children.at(-1);
    expect(span).toMatchObject({ name: 'segment', events: ['redistributed'], ends: 1, attributes: { 'p2p.segment': segment } });
    expect(span?.children).toMatchObject([
      { attributes: { 'p2p.source': 'b', 'p2p.redistributed_from': 'a', 'p2p.redistribution_reason': 'source_left' }, failure: undefined },
      { attributes: { 'p2p.source': 'a', 'p2p.outcome': 'lost' }, failure: 'lost' },
    ]);
  });

  it('has both attempts of a hedged one, the loser that was asked before the hedge too', () => {
    const { trace, root } = begin();
    for (let segment = 0; segment < TRACED_SEGMENTS_FIRST; segment += 1) attempt(trace, segment, 'verified');
    const [slow, hedge] = [requestOf(1000, 'a'), requestOf(1000, 'b')];
    trace.asked(slow, 'first');
    trace.asked(hedge, 'hedge');
    trace.ended(hedge, 'verified');
    trace.ended(slow, 'cancelled');
    expect(root.children.at(-1)?.children).toMatchObject([
      { attributes: { 'p2p.source': 'b', 'p2p.cause': 'hedge', 'p2p.outcome': 'verified' } },
      { attributes: { 'p2p.source': 'a', 'p2p.cause': 'first', 'p2p.outcome': 'cancelled' }, failure: undefined },
    ]);
  });

  it('is bounded whatever fails, ends every span once, and counts what it left out', () => {
    const { trace, root } = begin();
    const traced = TRACED_SEGMENTS_FIRST + TRACED_SEGMENTS_LATER_MAX;
    const [segments, rounds] = [4 * traced, Math.ceil(TRACED_ATTEMPTS_MAX / traced)];
    for (let round = 0; round < rounds; round += 1) for (let segment = 0; segment < segments; segment += 1) attempt(trace, segment, 'lost');
    trace.asked(requestOf(0), 'redistributed');
    trace.end(undefined, undefined);
    const spans = [...root.all()];
    expect(spans.filter(({ name }) => name === 'segment')).toHaveLength(traced);
    expect(spans.filter(({ name }) => name === 'attempt').length).toBeLessThanOrEqual(TRACED_ATTEMPTS_MAX);
    expect(spans.filter(({ ends }) => ends !== 1)).toEqual([]);
    const kept = spans.filter(({ name }) => name === 'attempt').length;
    expect(Number(root.attributes['p2p.rest.attempts']) + kept).toBe(rounds * segments);
  });
});
