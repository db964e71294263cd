import { Failure, segmentLengthOf, type SegmentRequest } from '@p2p/protocol';
import { OutgoingBody, toFailure, type BodyOutcome, type FrameConnection, type Span } from '@p2p/service';
import type { Holding } from '../holdings/holding.js';
import { EARLY_CANCELS_MAX, UPLOAD_RETRY_AFTER_MS, UPLOADS_PER_CONNECTION_MAX, UPLOADS_PREPARED_PER_CONNECTION } from '../limits.js';
import { DeliveryRate } from './delivery-rate.js';
import type { EncodedSegment, EncodeRequest, SegmentEncoder } from './segment-encoder.js';
import type { ServeLoad } from './serve-load.js';
import type { ServeOutcome } from './serve-metrics.js';
import type { ServeState } from './serve-state.js';
import type { UploadBuffers, UploadLease } from './upload-buffers.js';
import { Upload, type SegmentBodyAnswer } from './upload.js';

export interface ConnectionUploadsComponents {
  readonly buffers: UploadBuffers;
  readonly encoder: SegmentEncoder;
  readonly state: ServeState;
  readonly load: ServeLoad;
}

/**
 * The segments that one connection asked for. They are answered in the order of the requests; failures at once. Only
 * the one that is being sent and the next are in memory: reading and compressing overlap with sending, and a slow
 * connection does not hoard buffers.
 */
export class ConnectionUploads {
  readonly #components: ConnectionUploadsComponents;
  readonly #connection: FrameConnection;
  readonly #waiting: Upload[] = [];
  /** Those being read, compressed or sent, in the order of their requests. */
  readonly #prepared: Upload[] = [];
  readonly #byRequest = new Map<number, Upload>();
  /** Cancelled before they came: a cancel and its request can be handled in either order. */
  readonly #earlyCancels = new Set<number>();
  readonly #delivery = new DeliveryRate();
  /** Answered, and not wholly with the kernel. */
  #sending = 0;
  #isClosed = false;

  constructor(components: ConnectionUploadsComponents, connection: FrameConnection) {
    this.#components = components;
    this.#connection = connection;
  }

  get size(): number {
    return this.#byRequest.size;
  }

  /** Throws as `segment.get` may: `BUSY`, `BAD_REQUEST` (a request's number used twice), `CANCELLED`, or what reading throws. */
  get(request: SegmentRequest, holding: Holding, span?: Span): Promise<SegmentBodyAnswer> {
    if (this.#byRequest.has(request.request))
      throw new Failure('BAD_REQUEST', `request ${request.request} is under way; use a number once`);
    if (this.#byRequest.size >= UPLOADS_PER_CONNECTION_MAX) {
      throw new Failure(
        'BUSY',
        `${this.#byRequest.size} segments of this connection are in work; at most ${UPLOADS_PER_CONNECTION_MAX} may be. Ask again later`,
        {
          retryAfterMs: UPLOAD_RETRY_AFTER_MS,
        },
      );
    }
    const upload = new Upload(request, holding, span);
    if (this.#byRequest.size === 0) this.#components.load.restart();
    this.#components.state.begin();
    this.#byRequest.set(request.request, upload);
    this.#waiting.push(upload);
    this.#noteWhoseTurn();
    if (this.#isClosed || this.#earlyCancels.delete(request.request)) this.cancel(request.request);
    this.#prepareNext();
    return upload.answer;
  }

  /** Gives a request up, whatever has come of it. Of one that is over nothing is left to do. */
  cancel(request: number): void {
    const upload = this.#byRequest.get(request);
    if (upload === undefined) {
      if (this.#earlyCancels.size >= EARLY_CANCELS_MAX) this.#earlyCancels.delete(Math.min(...this.#earlyCancels));
      this.#earlyCancels.add(request);
      return;
    }
    upload.cancelling.abort();
    // Once it is answered the connection has the body, stops at its next chunk and says so.
    if (!upload.isAnswered)
      this.#fail(upload, new Failure('CANCELLED', 'the request was cancelled'), this.#isClosed ? 'lost' : 'cancelled');
  }

  /** The connection is gone. */
  close(): void {
    this.#isClosed = true;
    for (const request of [...this.#byRequest.keys()]) this.cancel(request);
  }

  #prepareNext(): void {
    while (!this.#isClosed && this.#prepared.length < UPLOADS_PREPARED_PER_CONNECTION) {
      const upload = this.#waiting.shift();
      if (upload === undefined) return;
      this.#prepared.push(upload);
      void this.#prepare(upload);
    }
  }

  async #prepare(upload: Upload): Promise<void> {
    try {
      const encoded = await this.#encoded(upload);
      if (upload.isOver) return;
      upload.ready = this.#answerOf(upload, encoded);
      this.#answerReady();
    } catch (cause) {
      const failure = toFailure(cause);
      this.#fail(upload, failure, failure.code === 'BUSY' || failure.code === 'NOT_HELD' ? 'refused' : 'failed');
    } finally {
      // Cancelled meanwhile: nobody else gives back what reading or compressing used until now.
      if (upload.isOver && !upload.isAnswered) upload.lease?.release();
    }
  }

  async #encoded(upload: Upload): Promise<EncodedSegment> {
    const { buffers, encoder, load } = this.#components;
    const { holding, request, cancelling } = upload;
    const rawBytes = segmentLengthOf(holding.manifest.fileBytes, request.segment);
    const wanted: EncodeRequest = {
      file: request.file,
      segment: request.segment,
      accepted: request.codecs,
      receiverBound: request.receiverBound,
      linkBytesPerSecond: this.#linkBytesPerSecond,
    };
    const lease = await buffers.lease(this.#connection.id, rawBytes, cancelling.signal);
    upload.lease = lease;
    const remembered = encoder.remembered(wanted);
    if (remembered !== undefined) return keepOnly(lease, remembered);
    load.preparing(1);
    try {
      const buffer = lease.buffer();
      const raw = buffer.subarray(0, await holding.read(request.segment, buffer));
      const encoded = cancelling.signal.aborted ? ({ codec: 'identity', bytes: raw } as const) : await encoder.encode(wanted, raw);
      return encoded.codec === 'identity' ? encoded : keepOnly(lease, encoded);
    } finally {
      load.preparing(-1);
    }
  }

  #answerOf(upload: Upload, { codec, bytes }: EncodedSegment): SegmentBodyAnswer {
    const { request, holding, cancelling } = upload;
    upload.codec = codec;
    const body = new OutgoingBody({
      bytes,
      signal: cancelling.signal,
      onDone: (outcome, sentBytes) => this.#sent(upload, outcome, sentBytes),
    });
    const rawBytes = segmentLengthOf(holding.manifest.fileBytes, request.segment);
    const busy = this.#components.load.share;
    return { request: request.request, segment: request.segment, codec, rawBytes, ...(busy === undefined ? {} : { busy }), body };
  }

  /** Answers what is ready, up to the first that is not. */
  #answerReady(): void {
    for (const upload of this.#prepared) {
      if (upload.isAnswered) continue;
      if (upload.ready === undefined) return;
      this.#sending++;
      this.#noteWhoseTurn();
      upload.giveAnswer(upload.ready);
    }
  }

  #sent(upload: Upload, outcome: BodyOutcome, sentBytes: number): void {
    upload.lease?.release();
    this.#sending--;
    this.#delivery.sent(sentBytes);
    // Told before the connection itself tells: what still waits is not worth reading.
    if (outcome === 'lost') this.#isClosed = true;
    this.#over(upload, outcome === 'aborted' ? 'cancelled' : outcome, sentBytes);
  }

  #fail(upload: Upload, failure: Failure, outcome: ServeOutcome): void {
    if (upload.isOver) return;
    upload.fail(failure);
    this.#over(upload, outcome, 0);
    // One that was ready and waited for its turn is used by nobody; one still in work gives its buffer back itself.
    if (upload.ready !== undefined) upload.lease?.release();
    this.#answerReady();
  }

  #over(upload: Upload, outcome: ServeOutcome, sentBytes: number): void {
    if (upload.isOver) return;
    upload.isOver = true;
    this.#byRequest.delete(upload.request.request);
    remove(this.#waiting, upload);
    remove(this.#prepared, upload);
    this.#components.state.end(upload.account(outcome, sentBytes));
    this.#noteWhoseTurn();
    this.#prepareNext();
  }

  /** Undefined while neither is known. A body that the kernel takes at once says nothing of the link; one it does not take does. */
  get #linkBytesPerSecond(): number | undefined {
    const drained = this.#connection.linkBytesPerSecond;
    const delivered = this.#delivery.bytesPerSecond;
    return drained === undefined || delivered === undefined ? (drained ?? delivered) : Math.min(drained, delivered);
  }

  #noteWhoseTurn(): void {
    this.#delivery.waitsForOther(this.#sending > 0 || this.#byRequest.size === 0);
  }
}

/** What is sent is not in the leased buffer: another segment can have that. */
function keepOnly(lease: UploadLease, encoded: EncodedSegment): EncodedSegment {
  lease.releaseBuffer(encoded.bytes.length);
  return encoded;
}

function remove(uploads: Upload[], upload: Upload): void {
  const at = uploads.indexOf(upload);
  if (at >= 0) uploads.splice(at, 1);
}
