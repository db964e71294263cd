import type { Codec, Failure, SegmentAnswer } from '@p2p/protocol';
import type { RequestId, SourceId } from '@p2p/transfer';
import type { PeerLink, SegmentFetchSink } from '../links/peer-link.js';
import { BYTES_REPORT_BYTES, BYTES_REPORT_MS } from '../limits.js';
import type { Clock } from './clock.js';
import type { Block } from './segment-arena.js';

export interface SegmentRequestOwner {
  readonly clock: Clock;
  /** Bytes came that were not told before. */
  onBytes(request: SegmentRequest, wireBytes: number): void;
  onReceived(request: SegmentRequest, answer: SegmentAnswer): void;
  /** It is over without a segment: its buffer is free. */
  onFailed(request: SegmentRequest, failure: Failure): void;
}

/** One segment asked of one source, from the command of the planner until its buffer is free. */
export class SegmentRequest implements SegmentFetchSink {
  readonly id: RequestId;
  readonly source: SourceId;
  readonly segment: number;
  readonly rawBytes: number;
  readonly block: Block;
  readonly startedAt: number;
  firstByteAt: number | undefined;
  receivedAt: number | undefined;
  codec: Codec = 'identity';
  wireBytes = 0;
  /** The planner wants it no more, or its source is lost: whatever comes is dropped. */
  isDropped = false;
  /** It was dropped because its source is lost. */
  isLost = false;
  readonly #owner: SegmentRequestOwner;
  readonly #link: PeerLink;
  readonly #linkRequest: number;
  #untoldBytes = 0;
  #toldAt = 0;

  constructor(
    owner: SegmentRequestOwner,
    options: {
      readonly id: RequestId;
      readonly source: SourceId;
      readonly segment: number;
      readonly rawBytes: number;
      readonly block: Block;
      readonly link: PeerLink;
    },
  ) {
    this.#owner = owner;
    this.id = options.id;
    this.source = options.source;
    this.segment = options.segment;
    this.rawBytes = options.rawBytes;
    this.block = options.block;
    this.#link = options.link;
    this.#linkRequest = options.link.nextRequest();
    this.startedAt = owner.clock.now();
  }

  send(options: {
    readonly file: string;
    readonly codecs: readonly Codec[];
    readonly receiverBound: boolean;
    readonly target: Uint8Array;
    readonly traceparent: string | undefined;
  }): void {
    this.#link.fetchSegment({ request: this.#linkRequest, segment: this.segment, ...options }, this);
  }

  /** Asks the source, unless that is lost, to stop. `onFailed` follows, or `onReceived` where that was quicker. */
  drop({ isLost = false } = {}): void {
    if (this.isDropped) return;
    this.isDropped = true;
    this.isLost = isLost;
    if (this.receivedAt === undefined) this.#link.cancel(this.#linkRequest);
  }

  onBytes(wireBytes: number): void {
    const now = this.#owner.clock.now();
    this.wireBytes += wireBytes;
    this.#untoldBytes += wireBytes;
    // The first ones at once: they tell the latency.
    const isFirst = this.firstByteAt === undefined;
    if (isFirst) this.firstByteAt = now;
    if (isFirst || this.#untoldBytes >= BYTES_REPORT_BYTES || now - this.#toldAt >= BYTES_REPORT_MS) this.tell(now);
  }

  /** Tells the owner of bytes that it was not told of yet. */
  tell(now: number): void {
    if (this.#untoldBytes === 0) return;
    const wireBytes = this.#untoldBytes;
    this.#untoldBytes = 0;
    this.#toldAt = now;
    this.#owner.onBytes(this, wireBytes);
  }

  onReceived(answer: SegmentAnswer): void {
    const now = this.#owner.clock.now();
    this.receivedAt = now;
    this.codec = answer.codec;
    this.tell(now);
    this.#owner.onReceived(this, answer);
  }

  onFailed(failure: Failure): void {
    this.tell(this.#owner.clock.now());
    this.#owner.onFailed(this, failure);
  }

  /** Whether the answer is one to this request, in a codec that was offered. */
  fits({ segment, rawBytes, bodyBytes, codec }: SegmentAnswer, codecs: readonly Codec[]): boolean {
    return segment === this.segment && rawBytes === this.rawBytes && bodyBytes <= this.rawBytes && codecs.includes(codec);
  }
}
