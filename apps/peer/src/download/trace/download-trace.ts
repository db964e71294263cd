import type { Failure } from '@p2p/protocol';
import type { Span, SpanAttributes, Tracer } from '@p2p/service';
import type { RedistributionReason, RequestCause, TransferReport } from '@p2p/transfer';
import { TRACED_ATTEMPTS_MAX, TRACED_SEGMENTS_FIRST, TRACED_SEGMENTS_LATER_MAX } from '../../limits.js';
import type { Clock } from '../clock.js';
import type { SegmentOutcome } from '../download-metrics.js';
import type { Job } from '../job.js';
import type { SegmentRequest } from '../segment-request.js';
import type { SettledSegment } from '../segment-worker-client.js';
import type { LookupTimes } from '../target-resolution.js';
import { phaseSpans } from './phase-spans.js';
import { RestOfTrace } from './rest-of-trace.js';

interface Move {
  readonly source: string;
  readonly reason: RedistributionReason;
}

interface TracedSegment {
  readonly span: Span;
  /** The last time it moved from one source to another. */
  moved?: Move;
  isOver: boolean;
}

interface Attempt {
  readonly cause: RequestCause;
  readonly span: Span | undefined;
  readonly moved: Move | undefined;
  stored?: SettledSegment;
}

/**
 * One download as a trace: the first segments, every failed or hedged attempt with the segment it was for, and the rest
 * in numbers. Bounded whatever the file's size and however many attempts fail.
 */
export class DownloadTrace {
  readonly #root: Span;
  readonly #clock: Clock;
  /** From the clock's time to ms since 1970. */
  readonly #epochMs: number;
  readonly #segments = new Map<number, TracedSegment>();
  readonly #attempts = new Map<number, Attempt>();
  readonly #rest = new RestOfTrace();
  #firstLeft = TRACED_SEGMENTS_FIRST;
  #laterLeft = TRACED_SEGMENTS_LATER_MAX;
  #attemptsLeft = TRACED_ATTEMPTS_MAX;

  private constructor(root: Span, clock: Clock, epochMs: number) {
    this.#root = root;
    this.#clock = clock;
    this.#epochMs = epochMs;
  }

  /** Undefined when nobody wants it. It begins with the lookup, where this peer made one. */
  static begin(
    { tracer, clock }: { readonly tracer: Tracer; readonly clock: Clock },
    { id, name, bytes }: Job,
    lookup?: LookupTimes,
  ): DownloadTrace | undefined {
    const epochMs = performance.timeOrigin + performance.now() - clock.now();
    const attributes = { 'p2p.file': id, 'p2p.name': name, 'p2p.bytes': bytes };
    const root = tracer.begin('download', { startedAt: epochMs + (lookup?.startedAt ?? clock.now()), attributes });
    if (root === undefined) return undefined;
    if (lookup !== undefined) root.child('lookup', { startedAt: epochMs + lookup.startedAt }).end({ endedAt: epochMs + lookup.endedAt });
    return new DownloadTrace(root, clock, epochMs);
  }

  get traceId(): string {
    return this.#root.traceId;
  }

  /** A part of the download that has nothing to do with segments. */
  part(name: string): Span {
    return this.#root.child(name);
  }

  /** What the request is to carry, if its attempt has a span. */
  asked({ id, source, segment, startedAt }: SegmentRequest, cause: RequestCause): string | undefined {
    const traced = this.#segmentOf(segment, startedAt, cause === 'first');
    const span = traced === undefined ? undefined : this.#attemptSpan(traced, { source, startedAt, cause });
    this.#attempts.set(id, { cause, span, moved: traced?.moved });
    return span?.traceparent;
  }

  /** What the worker did with it. */
  stored({ id }: SegmentRequest, result: SettledSegment): void {
    const attempt = this.#attempts.get(id);
    if (attempt !== undefined) attempt.stored = result;
  }

  ended(request: SegmentRequest, outcome: SegmentOutcome): void {
    const attempt = this.#attempts.get(request.id);
    if (attempt === undefined) return;
    this.#attempts.delete(request.id);
    const span = attempt.span ?? (outcome === 'verified' ? undefined : this.#lateSpan(request, attempt));
    if (span === undefined) {
      this.#rest.add(request, attempt.stored);
      return;
    }
    const { codec, rawBytes, wireBytes, firstByteAt, receivedAt } = request;
    if (attempt.stored !== undefined && receivedAt !== undefined) phaseSpans(span, this.#at(receivedAt), attempt.stored, codec);
    const firstByteMs = firstByteAt === undefined ? {} : { 'p2p.first_byte_ms': firstByteAt - request.startedAt };
    span.end({
      attributes: { 'p2p.codec': codec, 'p2p.raw_bytes': rawBytes, 'p2p.wire_bytes': wireBytes, 'p2p.outcome': outcome, ...firstByteMs },
      ...(outcome === 'verified' || outcome === 'cancelled' ? {} : { failure: outcome }),
    });
    const traced = this.#segments.get(request.segment);
    if (outcome === 'verified' && traced !== undefined) this.#close(traced);
  }

  redistributed({ segment, source, reason }: Move & { readonly segment: number }): void {
    const traced = this.#segmentOf(segment, this.#clock.now(), false);
    if (traced === undefined) return;
    traced.moved = { source, reason };
    traced.span.event('redistributed', movedFrom(traced.moved));
  }

  /** Ends everything that is still open. */
  end(report: TransferReport | undefined, failure: Failure | undefined): void {
    for (const { span } of this.#attempts.values()) span?.end({ attributes: { 'p2p.outcome': 'cancelled' } });
    for (const traced of this.#segments.values()) this.#close(traced);
    const outcome = failure === undefined ? 'done' : failure.code;
    this.#root.end({
      attributes: { 'p2p.outcome': outcome, ...this.#rest.attributes(), ...(report === undefined ? {} : reported(report)) },
      ...(failure === undefined ? {} : { failure: failure.message }),
    });
  }

  #segmentOf(segment: number, startedAt: number, isFirstAttempt: boolean): TracedSegment | undefined {
    const known = this.#segments.get(segment);
    if (known !== undefined) return known;
    if (this.#firstLeft > 0) this.#firstLeft--;
    else if (isFirstAttempt || this.#laterLeft === 0) return undefined;
    else this.#laterLeft--;
    const span = this.#root.child('segment', { startedAt: this.#at(startedAt), attributes: { 'p2p.segment': segment } });
    const traced = { span, isOver: false };
    this.#segments.set(segment, traced);
    return traced;
  }

  /** The span of an attempt that nobody thought worth one when it began. */
  #lateSpan({ segment, source, startedAt }: SegmentRequest, { cause }: Attempt): Span | undefined {
    const traced = this.#segmentOf(segment, startedAt, false);
    return traced === undefined ? undefined : this.#attemptSpan(traced, { source, startedAt, cause });
  }

  #attemptSpan(
    { span, moved }: TracedSegment,
    { source, startedAt, cause }: Pick<SegmentRequest, 'source' | 'startedAt'> & { readonly cause: RequestCause },
  ): Span | undefined {
    if (this.#attemptsLeft === 0) return undefined;
    this.#attemptsLeft--;
    const attributes = { 'p2p.source': source, 'p2p.cause': cause, ...(cause === 'first' || moved === undefined ? {} : movedFrom(moved)) };
    return span.child('attempt', { kind: 'client', startedAt: this.#at(startedAt), attributes });
  }

  #close(traced: TracedSegment): void {
    if (!traced.isOver) traced.span.end();
    traced.isOver = true;
  }

  #at(clockMs: number): number {
    return this.#epochMs + clockMs;
  }
}

function movedFrom({ source, reason }: Move): SpanAttributes {
  return { 'p2p.redistributed_from': source, 'p2p.redistribution_reason': reason };
}

function reported({ segmentCount, hedged, wastedBytes, wireBytes }: TransferReport): SpanAttributes {
  return { 'p2p.segments': segmentCount, 'p2p.hedged': hedged, 'p2p.wasted_bytes': wastedBytes, 'p2p.wire_bytes': wireBytes };
}
