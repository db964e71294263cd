import type { Socket } from 'node:net';
import type { Type } from '@nestjs/common';
import { TcpSocket } from '@nestjs/microservices';
import { Failure, FrameReader, encodeMessageFrame, type FrameMessage } from '@p2p/protocol';
import { ReplaySubject } from 'rxjs';
import { toFailure } from '../failures/to-failure.js';
import { BodySender } from './body-sender.js';
import { SYSTEM_CLOCK, type FrameClock } from './frame-clock.js';
import type { FrameConnection } from './frame-connection.js';
import { INCOMPLETE_FRAME_MS, KEEP_ALIVE_DELAY_MS, READ_PAUSE_BYTES, SEND_QUEUED_BYTES_MAX, SEND_STALL_MS } from './limits.js';
import { bodyIn, type OutgoingBody } from './outgoing-body.js';
import type { Pace } from './pacer.js';
import { ProgressWatch } from './progress-watch.js';
import type { QueuedBytes } from './queued-bytes.js';

/** Takes the bodies that come in. What it throws breaks the connection. */
export interface BodyReceiver {
  onBodyStart(message: FrameMessage, bodyBytes: number): Uint8Array | null;
  onBodyBytes(message: FrameMessage, newBytes: number): void;
  onBodyEnd(message: FrameMessage): void;
  onBodyAborted(message: FrameMessage): void;
}

export interface FrameSocketOptions {
  /** Who asks receives bodies; who is asked refuses them, and is the one that must not be flooded. */
  readonly receiver: BodyReceiver | undefined;
  readonly pace: Pace;
  /** The other side broke a rule. The connection is closed right after. */
  onViolation(failure: Failure, remote: string): void;
  readonly incompleteFrameMs?: number | undefined;
  readonly sendStallMs?: number | undefined;
  /** Undefined: a connection on which nothing is asked may stay. */
  readonly idleMs?: number | undefined;
  readonly sendQueuedBytesMax?: number | undefined;
  /** Of all connections of a server together. */
  readonly queued?: QueuedBytes | undefined;
  readonly clock?: FrameClock | undefined;
}

/** What Nest sends: `id` is absent in events. */
interface OutgoingPacket {
  readonly id?: unknown;
  readonly response?: object;
  readonly [key: string]: unknown;
}

let lastConnectionId = 0;

/** Nest makes its sockets itself and hands them nothing but the connection, so the class must know the rest. */
export function frameSocketClass(options: FrameSocketOptions): Type<TcpSocket> {
  return class extends FrameSocket {
    constructor(socket: Socket) {
      super(socket, options);
    }
  };
}

/** Nest's TCP transport in binary frames, with raw bodies, bounds in both directions, and an end to everything. */
export class FrameSocket extends TcpSocket implements FrameConnection {
  readonly id = ++lastConnectionId;
  readonly closed = new ReplaySubject<void>(1);
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Requests and events that handlers are at work on; `FrameServer` counts them. */
  requestsInFlight = 0;
  eventsInFlight = 0;
  readonly #remote: string;
  readonly #options: FrameSocketOptions;
  readonly #reader: FrameReader;
  readonly #sender: BodySender;
  readonly #frameWatch: ProgressWatch;
  readonly #stallWatch: ProgressWatch;
  readonly #idleWatch: ProgressWatch | undefined;
  /** Nothing more is read after a broken frame, but the kernel still wants to know where it would go. */
  readonly #waste = new Uint8Array(1);
  #isBroken = false;
  #isReadPaused = false;
  #framesRead = 0;
  #flushes = 0;
  #queuedMessageBytes = 0;

  constructor(socket: Socket, options: FrameSocketOptions) {
    super(socket);
    this.#options = options;
    const clock = options.clock ?? SYSTEM_CLOCK;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.localAddress = socket.localAddress ?? '';
    this.#remote = `${this.remoteAddress}:${socket.remotePort ?? 0}`;
    // Nest sets neither. Without the first every paced chunk waits for an acknowledgement, without the second a dead node is never noticed.
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
    this.#reader = new FrameReader({
      onMessage: (message) => this.#onMessage(message),
      onBodyStart: (message, bodyBytes) => this.#receiver().onBodyStart(message, bodyBytes),
      onBodyBytes: (message, newBytes) => this.#receiver().onBodyBytes(message, newBytes),
      onBodyEnd: (message) => this.#receiver().onBodyEnd(message),
      onBodyAborted: (message) => this.#receiver().onBodyAborted(message),
    });
    this.#sender = new BodySender({ socket, pace: options.pace, clock, onFlushed: () => this.#onFlushed() });
    this.#frameWatch = this.#watchFrames(clock);
    this.#stallWatch = this.#watchStalls(clock);
    this.#idleWatch = options.idleMs === undefined ? undefined : this.#watchIdling(clock, options.idleMs);
    socket.on('close', () => this.#onClose());
    // Nobody here closes one direction only: who will send nothing more will not read either.
    socket.on('end', () => socket.destroy());
    if (options.receiver === undefined) this.#frameWatch.begin();
    this.#idleWatch?.begin();
  }

  get isGone(): boolean {
    return this.socket.destroyed || !this.socket.writable;
  }

  get queuedBodies(): number {
    return this.#sender.count;
  }

  get linkBytesPerSecond(): number | undefined {
    return this.#sender.bytesPerSecond;
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Closes the connection because the other side broke a rule. */
  cutOff(failure: Failure): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.socket.destroy();
    this.#options.onViolation(failure, this.#remote);
  }

  /** Where the kernel may write what comes next (`net.Socket`'s `onread`). */
  readTarget(): Uint8Array {
    return this.#isBroken ? this.#waste : this.#reader.target();
  }

  /** `byteCount` bytes came there. Never throws: nothing would catch it. */
  onRead(byteCount: number): void {
    this.#read(() => this.#reader.advance(byteCount));
  }

  protected override handleData(data: Buffer | string): void {
    this.#read(() => this.#reader.push(typeof data === 'string' ? Buffer.from(data) : data));
  }

  /** Nest drops what is sent to a closed socket in silence, and the body with it. */
  override sendMessage(message: OutgoingPacket, callback?: (error?: unknown) => void): void {
    if (!this.isGone) {
      super.sendMessage(message, callback);
      return;
    }
    bodyIn(message.response)?.finish('lost', 0);
    callback?.(new Failure('CONNECTION_LOST', 'the connection is closed'));
  }

  protected override handleSend(message: OutgoingPacket, callback?: (error?: unknown) => void): void {
    const body = bodyIn(message.response);
    try {
      if (body === undefined) this.#write(encodeMessageFrame(message), callback);
      else this.#sendBody(message, body);
    } catch (error) {
      body?.finish('lost', 0);
      const failure = toFailure(error, 'a message could not be encoded');
      // A request that cannot be encoded fails where it was made; an answer must not be waited for in vain.
      if (!('response' in message) || message.id === undefined) throw failure;
      this.#answerFailure(message.id, failure);
    }
    this.#boundQueue();
  }

  #sendBody(message: OutgoingPacket, body: OutgoingBody): void {
    const { body: _, ...fields } = message.response as { body: OutgoingBody };
    const announcement = encodeMessageFrame({ ...message, response: { ...fields, bodyBytes: body.bytes.length } });
    this.#sender.add(body, announcement, () =>
      this.#answerFailure(message.id, new Failure('CANCELLED', 'the answer was cancelled before its body began')),
    );
  }

  #answerFailure(id: unknown, failure: Failure): void {
    if (!this.isGone) this.#write(encodeMessageFrame({ id, err: failure.toWire(), isDisposed: true }));
  }

  #write(frame: Uint8Array, callback?: (error?: unknown) => void): void {
    const { queued } = this.#options;
    const mayQueue = queued?.hasRoomFor(this.#queuedMessageBytes) ?? true;
    this.#countQueued(frame.length);
    this.socket.write(frame, (error) => {
      this.#countQueued(-frame.length);
      if (error === null || error === undefined) this.#onFlushed();
      callback?.(error ?? undefined);
    });
    if (!mayQueue)
      this.cutOff(new Failure('LIMIT_EXCEEDED', 'too much waits to be read by others, and this connection has more than its share of it'));
  }

  #countQueued(bytes: number): void {
    this.#queuedMessageBytes += bytes;
    this.#options.queued?.add(bytes);
  }

  #onFlushed(): void {
    this.#flushes++;
    if (this.#isReadPaused && this.socket.writableLength < READ_PAUSE_BYTES) {
      this.#isReadPaused = false;
      this.socket.resume();
    }
    this.#sender.pump();
  }

  /** `respond()` of Nest knows no back-pressure: stop asking for more work first, then cut off. */
  #boundQueue(): void {
    const queuedBytes = this.socket.writableLength;
    if (this.#isBroken || (queuedBytes === 0 && this.#sender.count === 0)) return;
    const bytesMax = this.#options.sendQueuedBytesMax ?? SEND_QUEUED_BYTES_MAX;
    if (queuedBytes > bytesMax) {
      this.cutOff(new Failure('LIMIT_EXCEEDED', `${queuedBytes} bytes wait to be read by the other side; at most ${bytesMax} may`));
      return;
    }
    if (queuedBytes > READ_PAUSE_BYTES && this.#options.receiver === undefined && !this.#isReadPaused) {
      this.#isReadPaused = true;
      this.socket.pause();
    }
    this.#stallWatch.begin();
  }

  #read(step: () => void): void {
    if (this.#isBroken) return;
    try {
      step();
      if (this.#reader.isMidMessage) this.#frameWatch.begin();
    } catch (error) {
      this.cutOff(toFailure(error, 'reading a frame'));
    }
  }

  /** A message that began must end in time, however many bytes trickle in, and a connection must begin with one. */
  #watchFrames(clock: FrameClock): ProgressWatch {
    const limitMs = this.#options.incompleteFrameMs ?? INCOMPLETE_FRAME_MS;
    const isWaiting = (): boolean => this.#reader.isMidMessage || this.#framesRead === 0;
    return new ProgressWatch({
      clock,
      limitMs,
      progress: () => this.#framesRead,
      isWaiting,
      isNeeded: isWaiting,
      onLate: () => this.cutOff(new Failure('TIMED_OUT', `a message did not come whole within ${limitMs} ms`)),
    });
  }

  /** Who takes nothing of what waits for it keeps our buffers. */
  #watchStalls(clock: FrameClock): ProgressWatch {
    const limitMs = this.#options.sendStallMs ?? SEND_STALL_MS;
    return new ProgressWatch({
      clock,
      limitMs,
      progress: () => this.#flushes,
      isWaiting: () => this.socket.writableLength > 0,
      isNeeded: () => this.socket.writableLength > 0 || this.#sender.count > 0,
      onLate: () =>
        this.cutOff(new Failure('TIMED_OUT', `the other side has read nothing for ${limitMs} ms while something waited for it`)),
    });
  }

  /** Places are few: who asks nothing and waits for nothing keeps others out. */
  #watchIdling(clock: FrameClock, limitMs: number): ProgressWatch {
    return new ProgressWatch({
      clock,
      limitMs,
      progress: () => this.#framesRead,
      isWaiting: () => this.requestsInFlight === 0 && this.#sender.count === 0,
      isNeeded: () => true,
      onLate: () => this.cutOff(new Failure('TIMED_OUT', `nothing was asked for ${limitMs} ms, and nothing was under way`)),
    });
  }

  #onMessage(message: FrameMessage): void {
    this.#framesRead++;
    // More may follow in the same read after a handler has closed the connection.
    if (!this.socket.destroyed) this.socket.emit('message', message);
  }

  #receiver(): BodyReceiver {
    if (this.#options.receiver === undefined) throw new Failure('BAD_REQUEST', 'a request has a body; none may have one');
    this.#framesRead++;
    return this.#options.receiver;
  }

  #onClose(): void {
    this.#frameWatch.stop();
    this.#stallWatch.stop();
    this.#idleWatch?.stop();
    this.#sender.close();
    this.closed.next();
    this.closed.complete();
  }
}
