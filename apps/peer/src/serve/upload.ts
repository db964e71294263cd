import type { Codec, Failure, SegmentRequest } from '@p2p/protocol';
import type { OutgoingBody, Span } from '@p2p/service';
import type { Holding } from '../holdings/holding.js';
import type { ServedSegment, ServeOutcome } from './serve-metrics.js';
import type { UploadLease } from './upload-buffers.js';

/** What a handler answers to `segment.get`: on the wire `body` becomes `bodyBytes`. */
export interface SegmentBodyAnswer {
  readonly request: number;
  readonly segment: number;
  readonly codec: Codec;
  readonly rawBytes: number;
  /** See `ServeLoad`. */
  readonly busy?: number;
  readonly body: OutgoingBody;
}

/** One request for a segment, from when it was taken on until its last byte has left. */
export class Upload {
  readonly request: SegmentRequest;
  readonly holding: Holding;
  /** What tells of it in the trace of whoever asked. */
  readonly span: Span | undefined;
  readonly cancelling = new AbortController();
  readonly answer: Promise<SegmentBodyAnswer>;
  readonly #settle: PromiseWithResolvers<SegmentBodyAnswer>;
  readonly #startedAt = performance.now();
  /** Ready to be answered when its turn comes. */
  ready: SegmentBodyAnswer | undefined;
  lease: UploadLease | undefined;
  codec: Codec = 'identity';
  /** Whether the answer was given: from then on its body says how it ends. */
  isAnswered = false;
  isOver = false;

  constructor(request: SegmentRequest, holding: Holding, span?: Span) {
    this.request = request;
    this.holding = holding;
    this.span = span;
    this.#settle = Promise.withResolvers<SegmentBodyAnswer>();
    this.answer = this.#settle.promise;
  }

  /** Gives the answer that is ready. */
  giveAnswer(ready: SegmentBodyAnswer): void {
    this.isAnswered = true;
    this.#settle.resolve(ready);
  }

  fail(failure: Failure): void {
    this.#settle.reject(failure);
  }

  account(outcome: ServeOutcome, sentBytes: number): ServedSegment {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const fileBytes = outcome === 'sent' && this.ready !== undefined ? this.ready.rawBytes : 0;
    this.span?.end({
      attributes: { 'p2p.outcome': outcome, 'p2p.codec': this.codec, 'p2p.wire_bytes': sentBytes },
      ...(outcome === 'sent' || outcome === 'cancelled' ? {} : { failure: outcome }),
    });
    return { outcome, codec: this.codec, seconds, wireBytes: sentBytes, fileBytes, traceId: this.span?.traceId };
  }
}
