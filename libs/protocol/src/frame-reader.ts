import { Failure } from './failure.js';
import { FRAME_BOUNDS, announcedBodyBytes, decodeHeader, decodePrefix, type FrameBounds } from './frame.js';
import { FRAME_HEADER_DEPTH_MAX, FRAME_PREFIX_BYTES } from './limits.js';

export type FrameMessage = Record<string, unknown>;

/** What a reader tells its owner. Whatever these throw is thrown by `advance`, and the connection is done for. */
export interface FrameSink {
  /** A message without a body, whole. */
  onMessage(message: FrameMessage): void;
  /**
   * A message that announces a body. Returns at least `bodyBytes` bytes to receive it in, or `null` to read it and
   * throw it away. Throws `LIMIT_EXCEEDED` to refuse it.
   */
  onBodyStart(message: FrameMessage, bodyBytes: number): Uint8Array | null;
  /** `newBytes` more bytes of the body have arrived. */
  onBodyBytes(message: FrameMessage, newBytes: number): void;
  /** The body is whole. */
  onBodyEnd(message: FrameMessage): void;
  /** The sender gave the body up. */
  onBodyAborted(message: FrameMessage): void;
}

type Reading = 'prefix' | 'header' | 'chunk';

interface OpenBody {
  readonly message: FrameMessage;
  readonly totalBytes: number;
  readonly target: Uint8Array | null;
  receivedBytes: number;
}

const DISCARD_BYTES = 64 * 1024;

/**
 * Reads frames without copying where the owner can receive straight into `target()`: read at most `target().length`
 * bytes into it, then call `advance(bytesRead)`. `push(bytes)` does the same by copying.
 *
 * `advance` throws a `Failure` at the first frame that breaks the rules; the reader is then of no further use.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #bounds: FrameBounds;
  readonly #prefix = new Uint8Array(FRAME_PREFIX_BYTES);
  #reading: Reading = 'prefix';
  #header: Uint8Array = this.#prefix;
  #offset = 0;
  #chunkBytes = 0;
  #body: OpenBody | undefined;
  #discard: Uint8Array | undefined;

  constructor(sink: FrameSink, bounds: FrameBounds = FRAME_BOUNDS) {
    this.#sink = sink;
    this.#bounds = bounds;
  }

  /** Whether a frame or a body has begun and is not whole: the time allowed for the rest is the owner's to watch. */
  get isMidway(): boolean {
    return this.#offset > 0 || this.#reading !== 'prefix' || this.#body !== undefined;
  }

  /** Whether a prefix or a header has begun and is not whole. A body may take its time; a message may not. */
  get isMidMessage(): boolean {
    return this.#reading === 'header' || (this.#reading === 'prefix' && this.#offset > 0);
  }

  /** Where the next bytes belong. Never empty. */
  target(): Uint8Array {
    if (this.#reading === 'prefix') return this.#prefix.subarray(this.#offset);
    if (this.#reading === 'header') return this.#header.subarray(this.#offset);
    const body = this.#openBody();
    const left = this.#chunkBytes - this.#offset;
    if (body.target === null) return this.#discardBuffer().subarray(0, Math.min(left, DISCARD_BYTES));
    return body.target.subarray(body.receivedBytes, body.receivedBytes + left);
  }

  /** `byteCount` bytes have been read into `target()`. */
  advance(byteCount: number): void {
    this.#offset += byteCount;
    if (this.#reading === 'prefix') {
      if (this.#offset === FRAME_PREFIX_BYTES) this.#onPrefix();
    } else if (this.#reading === 'header') {
      if (this.#offset === this.#header.length) this.#onHeader();
    } else this.#onChunkBytes(byteCount);
  }

  /** Reads `bytes`, however they were cut. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const target = this.target();
      const count = Math.min(target.length, bytes.length - at);
      target.set(bytes.subarray(at, at + count));
      at += count;
      this.advance(count);
    }
  }

  #onPrefix(): void {
    const { headerBytes, bodyBytes } = decodePrefix(this.#prefix, this.#bounds);
    this.#offset = 0;
    if (headerBytes > 0) {
      this.#header = new Uint8Array(headerBytes);
      this.#reading = 'header';
      return;
    }
    const body = this.#openBody();
    if (bodyBytes === 0) {
      this.#body = undefined;
      this.#sink.onBodyAborted(body.message);
      return;
    }
    if (bodyBytes > body.totalBytes - body.receivedBytes) {
      throw new Failure(
        'LIMIT_EXCEEDED',
        `a body chunk of ${bodyBytes} bytes where ${body.totalBytes - body.receivedBytes} of ${body.totalBytes} are missing`,
      );
    }
    this.#chunkBytes = bodyBytes;
    this.#reading = 'chunk';
  }

  #onHeader(): void {
    const message = decodeHeader(this.#header, FRAME_HEADER_DEPTH_MAX);
    this.#header = this.#prefix;
    this.#startPrefix();
    const totalBytes = announcedBodyBytes(message);
    if (totalBytes === 0) {
      this.#sink.onMessage(message);
      return;
    }
    if (this.#body !== undefined) {
      throw new Failure('BAD_REQUEST', 'a message announces a body while another body is under way');
    }
    const target = this.#sink.onBodyStart(message, totalBytes);
    if (target !== null && target.length < totalBytes) {
      throw new Failure('INTERNAL', `a target of ${target.length} bytes for a body of ${totalBytes}`);
    }
    this.#body = { message, totalBytes, target, receivedBytes: 0 };
  }

  #onChunkBytes(byteCount: number): void {
    const body = this.#openBody();
    body.receivedBytes += byteCount;
    if (this.#offset === this.#chunkBytes) this.#startPrefix();
    this.#sink.onBodyBytes(body.message, byteCount);
    if (body.receivedBytes < body.totalBytes) return;
    this.#body = undefined;
    this.#sink.onBodyEnd(body.message);
  }

  #startPrefix(): void {
    this.#reading = 'prefix';
    this.#offset = 0;
  }

  #openBody(): OpenBody {
    if (this.#body === undefined) throw new Failure('BAD_REQUEST', 'a body chunk where no body has begun');
    return this.#body;
  }

  #discardBuffer(): Uint8Array {
    this.#discard ??= new Uint8Array(DISCARD_BYTES);
    return this.#discard;
  }
}
