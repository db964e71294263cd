import type { AddressInfo, Server as NetServer } from 'node:net';
import { ServerTCP, TcpContext, type MessageHandler, type TcpSocket } from '@nestjs/microservices';
import { Failure, isFailureCode, type FailureCode, type WireFailure } from '@p2p/protocol';
import { EMPTY, catchError, finalize, isObservable, map, of, takeUntil, throwError, type Observable } from 'rxjs';
import { toFailure } from '../failures/to-failure.js';
import type { FrameClock } from './frame-clock.js';
import { frameSocketClass, type FrameSocket } from './frame-socket.js';
import { BUSY_RETRY_AFTER_MS, EVENTS_IN_FLIGHT_MAX, SEND_QUEUED_TOTAL_BYTES_MAX } from './limits.js';
import { bodyIn } from './outgoing-body.js';
import type { Pace } from './pacer.js';
import { QueuedBytes } from './queued-bytes.js';
import { readRequestPacket, type RequestPacket } from './request-packet.js';

export interface FrameServerOptions {
  readonly host: string;
  /** 0 for a free one: `boundPort` tells which. */
  readonly port: number;
  readonly connectionsMax: number;
  /** Requests (streams among them) and unsent bodies of one connection; the next is told `BUSY`. */
  readonly requestsPerConnectionMax: number;
  readonly pace: Pace;
  /** A connection broke a rule and is closed, or (`BUSY`) was one too many. */
  onViolation(violation: { readonly failure: Failure; readonly remote: string }): void;
  /** A request was answered with a failure; its connection goes on. */
  onRefusal?(code: FailureCode): void;
  /** A connection on which nothing is under way and nothing is asked for so many ms (at most twice that) is closed. Undefined: never. */
  readonly idleMs?: number;
  /** Other bounds and another clock, for tests. */
  readonly incompleteFrameMs?: number;
  readonly sendStallMs?: number;
  readonly sendQueuedBytesMax?: number;
  readonly sendQueuedTotalBytesMax?: number;
  readonly clock?: FrameClock;
}

/**
 * Nest's TCP transport with frames, for `connectMicroservice({ strategy: new FrameServer(...) })`. Whatever a client
 * sends, it gets a failure's code or its connection is closed; whatever a handler does ends with its connection.
 */
export class FrameServer extends ServerTCP {
  readonly #options: Pick<FrameServerOptions, 'requestsPerConnectionMax' | 'onRefusal'>;

  constructor(options: FrameServerOptions) {
    const { host, port, pace, idleMs, incompleteFrameMs, sendStallMs, sendQueuedBytesMax, clock } = options;
    const onViolation = (failure: Failure, remote: string): void => options.onViolation({ failure, remote });
    super({
      host,
      port,
      socketClass: frameSocketClass({
        receiver: undefined,
        pace,
        onViolation,
        idleMs,
        incompleteFrameMs,
        sendStallMs,
        sendQueuedBytesMax,
        queued: new QueuedBytes(options.sendQueuedTotalBytesMax ?? SEND_QUEUED_TOTAL_BYTES_MAX),
        clock,
      }),
    });
    this.#options = options;
    this.server.maxConnections = options.connectionsMax;
    this.server.on('drop', (dropped) => {
      const failure = new Failure('BUSY', `${options.connectionsMax} connections are open, which is the most allowed`);
      onViolation(failure, `${dropped?.remoteAddress ?? ''}:${dropped?.remotePort ?? 0}`);
    });
  }

  /** The port it listens on, once it does. */
  get boundPort(): number {
    const address = this.server.address() as AddressInfo | null;
    if (address === null) throw new Failure('INTERNAL', 'the port of a server is known once it listens');
    return address.port;
  }

  /** Nest tells of a taken port only; any other error would leave `listen` waiting for ever. */
  override listen(callback: (error?: unknown, ...rest: unknown[]) => void): void {
    const server: NetServer = this.server;
    const onError = (error: Error): void => callback(toFailure(error, `listening on ${this.host}:${this.port}`));
    server.once('error', onError);
    server.listen(this.port, this.host, () => {
      server.off('error', onError);
      callback();
    });
  }

  /** Patterns are plain strings here; Nest would try each as JSON first, and make an error of it. */
  override getHandlerByPattern(pattern: string): MessageHandler | null {
    return this.messageHandlers.get(pattern) ?? null;
  }

  override async handleMessage(socket: TcpSocket, message: unknown): Promise<void> {
    const connection = socket as FrameSocket;
    let packet: RequestPacket;
    try {
      packet = readRequestPacket(message);
    } catch (error) {
      connection.cutOff(toFailure(error));
      return;
    }
    const handler = this.getHandlerByPattern(packet.pattern) ?? undefined;
    const context = new TcpContext([connection, packet.pattern, packet.metadata]);
    if (packet.id === undefined) this.#onEvent(handler, packet, context, connection);
    else this.#onRequest(handler, packet, context, connection);
  }

  /** A connection that breaks is daily business, and what a client broke has been reported already. */
  protected override handleError(error: unknown): void {
    this.logger.debug?.(error);
  }

  #onRequest(handler: MessageHandler | undefined, packet: RequestPacket, context: TcpContext, connection: FrameSocket): void {
    const { id } = packet;
    const refuse = (failure: Failure): void => {
      this.#options.onRefusal?.(failure.code);
      connection.sendMessage({ id, err: failure.toWire(), isDisposed: true });
    };
    if (handler === undefined || handler.isEventHandler === true) {
      refuse(new Failure('BAD_REQUEST', `there is no request "${packet.pattern}"; ask with one of the protocol's patterns`));
      return;
    }
    const requestsMax = this.#options.requestsPerConnectionMax;
    const requests = connection.requestsInFlight + connection.queuedBodies;
    if (requests >= requestsMax) {
      const sentence = `${requests} requests of this connection are in work and at most ${requestsMax} may be; ask again later`;
      refuse(new Failure('BUSY', sentence, { retryAfterMs: BUSY_RETRY_AFTER_MS }));
      return;
    }
    connection.requestsInFlight++;
    const answers = async (): Promise<Observable<unknown>> =>
      (await this.#answersOf(handler, packet, context, connection)).pipe(
        // Nest would leave a stream running after its client has gone.
        takeUntil(connection.closed),
        catchError((error: unknown) => {
          const failure = this.#toWire(error, packet.pattern);
          this.#options.onRefusal?.(failure.code);
          return throwError(() => failure);
        }),
        finalize(() => connection.requestsInFlight--),
      );
    this.handleRequest(context, answers, (answer) => connection.sendMessage({ ...answer, id }));
  }

  /** Never rejects: Nest would log it and leave the client without an answer. */
  async #answersOf(
    handler: MessageHandler,
    packet: RequestPacket,
    context: TcpContext,
    connection: FrameSocket,
  ): Promise<Observable<unknown>> {
    try {
      const result: unknown = await handler(packet.data, context);
      if (isObservable(result)) return result.pipe(map(refuseBody));
      if (!connection.isGone) return of(result);
      bodyIn(result)?.finish('lost', 0);
      return EMPTY;
    } catch (error) {
      return throwError(() => error);
    }
  }

  #onEvent(handler: MessageHandler | undefined, packet: RequestPacket, context: TcpContext, connection: FrameSocket): void {
    // The answer of a request sent without an id would go nowhere, and its body with it.
    if (handler?.isEventHandler !== true) {
      connection.cutOff(new Failure('BAD_REQUEST', `there is no event "${packet.pattern}"`));
      return;
    }
    if (connection.eventsInFlight >= EVENTS_IN_FLIGHT_MAX) {
      const sentence = `${EVENTS_IN_FLIGHT_MAX} events of one connection are in work, which is the most allowed`;
      connection.cutOff(new Failure('LIMIT_EXCEEDED', sentence));
      return;
    }
    connection.eventsInFlight++;
    this.runWithProcessingHooks(context, async (runEndHook) => {
      const end = (): void => {
        connection.eventsInFlight--;
        runEndHook();
      };
      const fail = (error: unknown): void => {
        const failure = this.#toWire(error, packet.pattern);
        // It cannot be answered, and a program that speaks the protocol does not send it.
        if (failure.code === 'BAD_REQUEST') connection.cutOff(Failure.fromWire(failure));
      };
      try {
        const result: unknown = await handler(packet.data, context);
        if (isObservable(result)) result.pipe(takeUntil(connection.closed), finalize(end)).subscribe({ error: fail });
        else end();
      } catch (error) {
        end();
        fail(error);
      }
    });
  }

  #toWire(error: unknown, pattern: string): WireFailure {
    if (isWireFailure(error)) return Failure.fromWire(error).toWire();
    const failure = toFailure(error);
    if (failure.code === 'INTERNAL') this.logger.error(failure.cause ?? failure, `the handler of "${pattern}" failed`);
    return failure.toWire();
  }
}

/** A stream is cut when its client goes, and a body in an item that nobody takes any more would never be given back. */
function refuseBody(item: unknown): unknown {
  const body = bodyIn(item);
  if (body === undefined) return item;
  body.finish('lost', 0);
  throw new Failure('INTERNAL', 'a body was answered in a stream; only a promise can answer one');
}

/** What a `FailureFilter` has already translated. */
function isWireFailure(error: unknown): error is WireFailure {
  return typeof error === 'object' && error !== null && !(error instanceof Error) && 'code' in error && isFailureCode(error.code);
}
