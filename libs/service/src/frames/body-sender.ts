import type { Socket } from 'node:net';
import { ABORT_FRAME, encodeChunkPrefix } from '@p2p/protocol';
import { DrainRate } from './drain-rate.js';
import type { FrameClock } from './frame-clock.js';
import { ANNOUNCEMENT_BYTES, CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CHUNK_MS, CHUNKS_QUEUED_MAX } from './limits.js';
import type { OutgoingBody } from './outgoing-body.js';
import { Pacer, type Pace } from './pacer.js';

export interface BodySenderOptions {
  readonly socket: Socket;
  readonly pace: Pace;
  readonly clock: FrameClock;
  /** Something of a body was taken by the kernel. */
  onFlushed(): void;
}

interface Sending {
  readonly body: OutgoingBody;
  /** The message that announces the body. */
  readonly announcement: Uint8Array;
  /** Answers `CANCELLED` in its place. */
  readonly answerCancelled: () => void;
  readonly onAbort: () => void;
  hasBegun: boolean;
  isAborted: boolean;
  writtenBytes: number;
  flushedBytes: number;
}

/**
 * The bodies that leave one connection: one at a time, in the order they were answered, in chunks, never more of them
 * in the socket than is needed to keep the link busy, so that messages slip between and an abort takes effect soon.
 */
export class BodySender {
  readonly #options: BodySenderOptions;
  readonly #pacer: Pacer | undefined;
  readonly #rate = new DrainRate();
  readonly #waiting: Sending[] = [];
  /** All whose bytes are still ours: waiting, current, or not yet taken by the kernel. */
  readonly #unfinished = new Set<Sending>();
  #current: Sending | undefined;
  #takeBackTimer: (() => void) | undefined;
  /** Since when the socket has had no room for more. */
  #blockedSinceMs: number | undefined;
  #isPumping = false;
  #isClosed = false;

  constructor(options: BodySenderOptions) {
    this.#options = options;
    this.#pacer = options.pace.packetDelayMs > 0 ? new Pacer(options.pace) : undefined;
  }

  /** Bodies that are not wholly with the kernel yet. */
  get count(): number {
    return this.#unfinished.size;
  }

  get bytesPerSecond(): number | undefined {
    return this.#pacer?.bytesPerSecond ?? this.#rate.bytesPerSecond;
  }

  /** Sends `announcement` and then the body, when its turn comes. */
  add(body: OutgoingBody, announcement: Uint8Array, answerCancelled: () => void): void {
    if (this.#isClosed) {
      body.finish('lost', 0);
      return;
    }
    if (body.signal?.aborted === true) {
      answerCancelled();
      body.finish('aborted', 0);
      return;
    }
    const sending: Sending = {
      body,
      announcement,
      answerCancelled,
      onAbort: () => this.#abort(sending),
      hasBegun: false,
      isAborted: false,
      writtenBytes: 0,
      flushedBytes: 0,
    };
    body.signal?.addEventListener('abort', sending.onAbort, { once: true });
    this.#unfinished.add(sending);
    this.#waiting.push(sending);
    this.pump();
  }

  /** Writes what there is room and time for. Whoever frees room in the socket calls it. */
  pump(): void {
    // Writing can call back into here; the loop that is under way goes on anyway.
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    // What is written at once leaves in one call of the system.
    this.#options.socket.cork();
    try {
      while (this.#writeSome());
    } finally {
      this.#isPumping = false;
      this.#options.socket.uncork();
    }
  }

  /** The socket is closed: nothing more leaves, and every body is its owner's again. */
  close(): void {
    this.#isClosed = true;
    this.#stopTimer();
    this.#waiting.length = 0;
    this.#current = undefined;
    for (const sending of [...this.#unfinished]) this.#finish(sending, 'lost');
  }

  /** Takes one step; returns whether another may follow at once. */
  #writeSome(): boolean {
    const sending = this.#current ?? this.#begin();
    if (sending === undefined) return false;
    if (sending.isAborted) {
      this.#current = undefined;
      this.#stopTimer();
      // Once this frame is with the kernel, so are all chunks before it.
      this.#options.socket.write(ABORT_FRAME, (error) => this.#flushed(sending, 0, error, 'aborted'));
      this.#rest();
      return true;
    }
    const chunkBytes = this.#chunkBytesNow(sending);
    if (chunkBytes === 0) return false;
    this.#writeChunk(sending, chunkBytes);
    return true;
  }

  #begin(): Sending | undefined {
    const sending = this.#waiting.shift();
    if (sending === undefined) return undefined;
    sending.hasBegun = true;
    const nowMs = this.#options.clock.nowMs();
    this.#rate.busy(nowMs);
    if (sending.body.paced) this.#pacer?.start(nowMs);
    this.#current = sending;
    const isEmpty = sending.body.bytes.length === 0;
    this.#options.socket.write(sending.announcement, (error) => this.#flushed(sending, 0, error, isEmpty ? 'sent' : undefined));
    if (!isEmpty) return sending;
    this.#current = undefined;
    return this.#begin();
  }

  /** Bytes that the socket has room for and the pace allows now; when 0, something will call `pump` again. */
  #chunkBytesNow({ body, writtenBytes }: Sending): number {
    const leftBytes = body.bytes.length - writtenBytes;
    const pacer = body.paced ? this.#pacer : undefined;
    const chunkBytes = Math.min(leftBytes, pacer === undefined ? this.#chunkBytesMax : CHUNK_BYTES_MIN);
    const roomBytes = CHUNKS_QUEUED_MAX * Math.max(chunkBytes, CHUNK_BYTES_MIN) + ANNOUNCEMENT_BYTES - this.#options.socket.writableLength;
    if (roomBytes < (pacer === undefined ? chunkBytes : 1)) {
      this.#blockedSinceMs ??= this.#options.clock.nowMs();
      return 0;
    }
    this.#unblock();
    if (pacer === undefined) return chunkBytes;
    const nowMs = this.#options.clock.nowMs();
    const dueBytes = pacer.dueBytes(nowMs, leftBytes);
    if (dueBytes > 0) return Math.min(dueBytes, chunkBytes);
    this.#takeBackTimer ??= this.#options.clock.after(Math.ceil(pacer.waitMs(nowMs, leftBytes)), () => {
      this.#takeBackTimer = undefined;
      this.pump();
    });
    return 0;
  }

  get #chunkBytesMax(): number {
    const bytesPerSecond = this.#rate.bytesPerSecond ?? 0;
    return Math.min(Math.max(Math.floor((bytesPerSecond * CHUNK_MS) / 1000), CHUNK_BYTES_MIN), CHUNK_BYTES_MAX);
  }

  #stopTimer(): void {
    this.#takeBackTimer?.();
    this.#takeBackTimer = undefined;
  }

  #writeChunk(sending: Sending, chunkBytes: number): void {
    const { body } = sending;
    const { socket } = this.#options;
    const from = sending.writtenBytes;
    sending.writtenBytes += chunkBytes;
    const isLast = sending.writtenBytes === body.bytes.length;
    if (body.paced) this.#pacer?.sent(chunkBytes, isLast);
    socket.write(encodeChunkPrefix(chunkBytes));
    socket.write(body.bytes.subarray(from, sending.writtenBytes), (error) =>
      this.#flushed(sending, chunkBytes, error, isLast ? 'sent' : undefined),
    );
    if (!isLast) return;
    this.#current = undefined;
    this.#rest();
  }

  /** Time in which the link itself was slower than the pace does not count for it. */
  #unblock(): void {
    if (this.#blockedSinceMs === undefined) return;
    this.#pacer?.skip(this.#options.clock.nowMs() - this.#blockedSinceMs);
    this.#blockedSinceMs = undefined;
  }

  /** The pace's time stands still while nothing is to be sent. */
  #rest(): void {
    if (this.#waiting.length > 0) return;
    this.#pacer?.stop();
    this.#blockedSinceMs = undefined;
  }

  #flushed(sending: Sending, bytes: number, error: Error | null | undefined, outcome: 'sent' | 'aborted' | undefined): void {
    // A failed write closes the socket, and `close` gives all bodies back.
    if (error !== null && error !== undefined) return;
    sending.flushedBytes += bytes;
    this.#rate.drained(this.#options.clock.nowMs(), bytes);
    if (outcome !== undefined) this.#finish(sending, outcome);
    if (this.#unfinished.size === 0) this.#rate.idle();
    this.#options.onFlushed();
  }

  #abort(sending: Sending): void {
    if (this.#isClosed) return;
    if (sending.hasBegun) {
      // When its last chunk is written there is nothing left to give up.
      if (this.#current !== sending) return;
      sending.isAborted = true;
      this.pump();
      return;
    }
    this.#waiting.splice(this.#waiting.indexOf(sending), 1);
    sending.answerCancelled();
    this.#finish(sending, 'aborted');
  }

  #finish(sending: Sending, outcome: 'sent' | 'aborted' | 'lost'): void {
    if (!this.#unfinished.delete(sending)) return;
    sending.body.signal?.removeEventListener('abort', sending.onAbort);
    sending.body.finish(outcome, sending.flushedBytes);
  }
}
