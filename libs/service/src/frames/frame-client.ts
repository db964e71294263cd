import { Failure } from '@p2p/protocol';
import type { WritePacket } from '@nestjs/microservices';
import { Observable } from 'rxjs';
import type { z } from 'zod';
import { toFailure } from '../failures/to-failure.js';
import { BodyRequest, type BodyRequestOptions } from './body-request.js';
import { FrameTransport } from './frame-transport.js';
import { SECOND_LOOK_MS } from './limits.js';
import { parse } from './parse.js';

export interface FrameClientOptions {
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutMs: number;
}

/** One connection to a `FrameServer`. When it is gone it stays gone; connect another. */
export class FrameClient {
  /** The address of this machine that the other side is reached from. */
  readonly localAddress: string;
  /** Emits once, with why, and completes when the connection is gone; replays it. */
  readonly closed: Observable<Failure>;
  /** Emits the number of bytes of any body as they come, of those too that nobody waits for any more. */
  readonly bodyBytes: Observable<number>;
  readonly #transport: FrameTransport;

  /** When the last byte of any body came, by `performance.now()`; 0 before the first. */
  get lastBodyByteAtMs(): number {
    return this.#transport.lastBodyByteAtMs;
  }

  private constructor(transport: FrameTransport) {
    this.#transport = transport;
    this.localAddress = transport.unwrap<{ readonly localAddress?: string }>().localAddress ?? '';
    this.closed = transport.closed.asObservable();
    this.bodyBytes = transport.bodyBytes.asObservable();
  }

  /** Throws `UNREACHABLE`, or `TIMED_OUT` after `connectTimeoutMs`. */
  static async connect({ host, port, connectTimeoutMs }: FrameClientOptions): Promise<FrameClient> {
    const transport = new FrameTransport({ host, port });
    await transport.open(connectTimeoutMs);
    return new FrameClient(transport);
  }

  /** Throws the server's failure, `BAD_REQUEST` for an answer of the wrong shape, `TIMED_OUT`, `CONNECTION_LOST`. */
  request<A>(pattern: string, data: object, answer: z.ZodType<A>, options: { readonly timeoutMs: number }): Promise<A> {
    return new Promise<A>((resolve, reject) => {
      const id = this.#transport.nextId();
      const giveUp = (): void => {
        this.#transport.forget(id, true);
        reject(timedOut(pattern, options.timeoutMs));
      };
      // What has come while this process was itself held up is read first.
      let timer = setTimeout(() => (timer = setTimeout(giveUp, SECOND_LOOK_MS)), options.timeoutMs);
      this.#transport.ask(id, { pattern, data }, (packet) => {
        clearTimeout(timer);
        this.#transport.forget(id, false);
        try {
          resolve(parse(answer, responseIn(packet)));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /**
   * No time-out. Errors with the server's failure, `BAD_REQUEST` for an item of the wrong shape, or `CONNECTION_LOST`.
   * Unsubscribing only stops listening.
   */
  stream<A>(pattern: string, data: object, item: z.ZodType<A>): Observable<A> {
    return new Observable<A>((subscriber) => {
      const id = this.#transport.nextId();
      this.#transport.ask(id, { pattern, data }, (packet) => {
        const isDone = packet.isDisposed === true;
        try {
          const response = responseIn(packet);
          // The last packet of a stream may say no more than that it is the last.
          if (!isDone || response !== undefined) subscriber.next(parse(item, response));
          if (isDone) subscriber.complete();
        } catch (error) {
          subscriber.error(error);
        }
      });
      return () => this.#transport.forget(id, false);
    });
  }

  /**
   * A request whose answer is followed by a body. The answer is checked before `target` is asked, the body is received
   * straight into what it returns, and the promise settles when the body is whole or has failed, never while bytes may
   * still arrive in the target. Throws what `request` throws, `CANCELLED` when the server gives the body up, and what
   * `target` throws.
   */
  requestBody<A>(pattern: string, data: object, answer: z.ZodType<A>, options: BodyRequestOptions<A>): Promise<A> {
    return new Promise<A>((resolve, reject) => {
      const transport = this.#transport;
      const body = new BodyRequest(answer, options);
      const { timeoutMs, signal } = options;
      const startedAtMs = performance.now();
      const id = transport.nextId();
      let timer: NodeJS.Timeout | undefined;
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const giveUp = (failure: Failure): void => {
        end();
        reject(failure);
        // Once it has begun the kernel may write into the target until the connection is closed: before anybody hears of this.
        if (body.hasBegun) transport.shut(failure);
        else transport.forget(id, true);
      };
      const onAbort = (): void => giveUp(new Failure('CANCELLED', `the request "${pattern}" was given up`));
      const watch = (delayMs: number, allowedMs: number, isSecondLook: boolean): void => {
        timer = setTimeout(() => {
          const leftMs = Math.max(startedAtMs, transport.lastBodyByteAtMs) + allowedMs - performance.now();
          if (leftMs > 0) watch(leftMs, allowedMs, false);
          else if (isSecondLook) giveUp(timedOut(pattern, allowedMs));
          else watch(SECOND_LOOK_MS, allowedMs, true);
        }, delayMs);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      if (timeoutMs !== undefined) watch(timeoutMs, timeoutMs, false);
      transport.ask(
        id,
        { pattern, data, metadata: options.metadata },
        (packet) => {
          end();
          transport.forget(id, false);
          try {
            responseIn(packet);
            if (body.refusal !== undefined) throw body.refusal;
            if (body.value === undefined) throw new Failure('BAD_REQUEST', `the answer to "${pattern}" came without its body`);
            resolve(body.value);
          } catch (error) {
            reject(body.refusal ?? (error as Failure));
          }
        },
        body,
      );
    });
  }

  /** Sends an event. Nothing is known of its fate; when the connection is gone, so is it. */
  notify(pattern: string, data: object): void {
    this.#transport.tell(pattern, data);
  }

  /** Closes at once. What was asked fails with `CONNECTION_LOST`. */
  close(): void {
    this.#transport.shut(new Failure('CONNECTION_LOST', 'the connection was closed by this side'));
  }
}

/** What was answered. Throws the failure that was answered instead; what Nest or the socket threw is an error of this side. */
function responseIn(packet: WritePacket): unknown {
  const error: unknown = packet.err;
  if (error === undefined || error === null) return packet.response;
  throw error instanceof Error ? toFailure(error) : Failure.fromWire(error);
}

function timedOut(pattern: string, timeoutMs: number): Failure {
  return new Failure('TIMED_OUT', `no answer to "${pattern}" came within ${timeoutMs} ms`);
}
