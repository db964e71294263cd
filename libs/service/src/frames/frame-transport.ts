import { Socket } from 'node:net';
import { ClientTCP, type PacketId, type ReadPacket, type TcpSocket, type WritePacket } from '@nestjs/microservices';
import { Failure, type FrameMessage } from '@p2p/protocol';
import { ReplaySubject, Subject } from 'rxjs';
import { toFailure } from '../failures/to-failure.js';
import type { BodyRequest } from './body-request.js';
import { FrameSocket } from './frame-socket.js';
import { DISCARDED_BODY_BYTES_MAX, FORGOTTEN_REQUESTS_MAX } from './limits.js';

export interface OutgoingRequest {
  readonly pattern: string;
  readonly data: object;
  /** Where the request belongs (`traceparent`). */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Nest's TCP client with frames: one connection, which is not made again, and bodies received where they belong. */
export class FrameTransport extends ClientTCP {
  readonly closed = new ReplaySubject<Failure>(1);
  readonly bodyBytes = new Subject<number>();
  readonly #bodies = new Map<string, BodyRequest<unknown>>();
  /** Requests that were given up; what still comes for them is thrown away, what comes for any other id is a breach. */
  readonly #forgotten = new Set<string>();
  readonly #name: string;
  #lastId = 0;
  /** Of the packet that Nest is about to make. */
  #packetId = '';
  #lastBodyByteAtMs = 0;
  #isClosed = false;

  constructor(address: { readonly host: string; readonly port: number }) {
    super(address);
    this.#name = `${address.host}:${address.port}`;
  }

  /** When the last byte of any body came, by `performance.now()`. */
  get lastBodyByteAtMs(): number {
    return this.#lastBodyByteAtMs;
  }

  /** Connects. Throws `UNREACHABLE`, or `TIMED_OUT` after `timeoutMs`. */
  async open(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await Promise.race([
        this.connect(),
        new Promise<never>((_, reject) => {
          const onTimeout = (): void => reject(new Failure('TIMED_OUT', `no connection was made within ${timeoutMs} ms`));
          timer = setTimeout(onTimeout, timeoutMs);
        }),
      ]);
    } catch (error) {
      const failure = toFailure(error, `connecting to ${this.#name}`);
      this.shut(failure);
      throw failure;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes at once; everything that was asked fails with `CONNECTION_LOST`. */
  shut(reason: Failure): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // From here on the kernel writes nowhere, so that failing the requests may free their targets.
    this.socket?.netSocket.destroy();
    super.handleClose();
    this.#bodies.clear();
    this.#forgotten.clear();
    this.closed.next(reason);
    this.closed.complete();
    this.bodyBytes.complete();
  }

  /** For a request: never used twice. */
  nextId(): string {
    return String(++this.#lastId);
  }

  /** Sends a request; `onPacket` gets what comes for it, until it is forgotten: at once where it cannot be sent. */
  ask(id: string, request: OutgoingRequest, onPacket: (packet: WritePacket) => void, body?: BodyRequest<unknown>): void {
    if (this.#isClosed) {
      onPacket({ err: this.#lost() });
      return;
    }
    if (body !== undefined) this.#bodies.set(id, body);
    this.#packetId = id;
    const packet = this.createPacket(request.pattern, request.data);
    this.publish(request.metadata === undefined ? packet : { ...packet, metadata: request.metadata }, onPacket);
  }

  /** The request is settled. When `isAnswerDue`, what still comes for it is to be thrown away. */
  forget(id: string, isAnswerDue: boolean): void {
    this.routingMap.delete(id);
    this.#bodies.delete(id);
    if (!isAnswerDue || this.#isClosed) return;
    this.#forgotten.add(id);
    if (this.#forgotten.size > FORGOTTEN_REQUESTS_MAX) {
      this.shut(new Failure('TIMED_OUT', `${this.#name} has not answered ${this.#forgotten.size} requests`));
    }
  }

  tell(pattern: string, data: object): void {
    if (this.#isClosed) return;
    this.dispatchEvent(this.createPacket(pattern, data)).catch((error: unknown) => this.shut(toFailure(error)));
  }

  override createSocket(): TcpSocket {
    // The kernel writes straight into what `readTarget` says: no 'data' events, no copies.
    const socket = new Socket({
      onread: {
        buffer: () => frames.readTarget(),
        callback: (byteCount) => {
          frames.onRead(byteCount);
          return true;
        },
      },
    });
    const frames = new FrameSocket(socket, {
      receiver: {
        onBodyStart: (message, bodyBytes) => this.#onBodyStart(message, bodyBytes),
        onBodyBytes: (message, newBytes) => this.#onBodyBytes(message, newBytes),
        onBodyEnd: (message) => this.#onBodyEnd(message),
        onBodyAborted: (message) => this.#onBodyAborted(message),
      },
      pace: { packetDelayMs: 0, packetBytes: 1 },
      onViolation: (failure) => this.shut(failure),
    });
    return frames;
  }

  override async handleResponse(message: unknown): Promise<void> {
    const { id } = message as FrameMessage;
    if (typeof id === 'string' && this.#forgotten.delete(id)) return;
    await super.handleResponse(message);
  }

  /** Called when the socket is closed. A close of ours has been dealt with. */
  override handleClose(): void {
    this.shut(this.#lost());
  }

  /** A connection that breaks is daily business; whoever asked something is told. */
  override handleError(error: unknown): void {
    this.logger.debug(error);
  }

  /** Ours are numbers, in order: an id that was never given is told from one that was given up. */
  protected override assignPacketId(packet: ReadPacket): ReadPacket & PacketId {
    return Object.assign(packet, { id: this.#packetId });
  }

  #onBodyStart(message: FrameMessage, bodyBytes: number): Uint8Array | null {
    const id = idOf(message);
    const request = this.#bodies.get(id);
    if (request !== undefined && !request.hasBegun && request.refusal === undefined) {
      const target = request.begin(message['response'], bodyBytes);
      if (target !== null) return target;
    } else if (!this.#forgotten.has(id)) throw new Failure('BAD_REQUEST', 'a body came that nobody asked for');
    if (bodyBytes <= DISCARDED_BODY_BYTES_MAX) return null;
    throw new Failure('LIMIT_EXCEEDED', `a body of ${bodyBytes} bytes; at most ${DISCARDED_BODY_BYTES_MAX} are accepted`);
  }

  #onBodyBytes(message: FrameMessage, newBytes: number): void {
    this.#lastBodyByteAtMs = performance.now();
    this.#bodies.get(idOf(message))?.received(newBytes);
    this.bodyBytes.next(newBytes);
  }

  #onBodyEnd(message: FrameMessage): void {
    this.#route({ id: message['id'], response: message['response'], isDisposed: true });
  }

  #onBodyAborted(message: FrameMessage): void {
    const err = new Failure('CANCELLED', 'the other side gave the body up').toWire();
    this.#route({ id: message['id'], err, isDisposed: true });
  }

  /** To Nest, as if it had come without a body. */
  #route(message: FrameMessage): void {
    this.socket?.netSocket.emit('message', message);
  }

  #lost(): Failure {
    return new Failure('CONNECTION_LOST', `the connection to ${this.#name} is closed`);
  }
}

function idOf(message: FrameMessage): string {
  return String(message['id']);
}
