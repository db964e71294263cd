import { Failure } from '@p2p/protocol';
import type { z } from 'zod';
import { parse } from './parse.js';

export interface BodyRequestOptions<A> {
  /** Without a byte of any body on the connection for this long the request fails with `TIMED_OUT`. Undefined: never. */
  readonly timeoutMs: number | undefined;
  /**
   * Where the body goes: at least `bodyBytes` bytes. A failure: the body is read and thrown away, and the request
   * fails with it. Null or a throw: the request fails, and the connection is closed.
   */
  target(answer: A, bodyBytes: number): Uint8Array | Failure | null;
  /** `newBytes` more bytes of the body have come. */
  onBytes?(newBytes: number): void;
  /** Gives the request up: at once while its body has not begun; after that only by closing the connection. */
  readonly signal?: AbortSignal;
  /** Goes with the request, beside its data. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** One request whose answer is followed by a body. */
export class BodyRequest<A> {
  readonly #answer: z.ZodType<A>;
  readonly #options: BodyRequestOptions<A>;
  #value: A | undefined;
  #hasBegun = false;
  #refusal: Failure | undefined;

  constructor(answer: z.ZodType<A>, options: BodyRequestOptions<A>) {
    this.#answer = answer;
    this.#options = options;
  }

  /** From here on the kernel may write into the target until the body ends or the connection closes. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Why the body was refused, if it was: more telling than the closed connection that follows. */
  get refusal(): Failure | undefined {
    return this.#refusal;
  }

  /** The answer, once its body is whole. */
  get value(): A | undefined {
    return this.#value;
  }

  /** Where the body goes, or null to throw it away. */
  begin(response: unknown, bodyBytes: number): Uint8Array | null {
    try {
      const value = parse(this.#answer, response);
      const target = this.#options.target(value, bodyBytes);
      if (target instanceof Failure) {
        this.#refusal = target;
        return null;
      }
      if (target === null) throw new Failure('BAD_REQUEST', `a body of ${bodyBytes} bytes was not what had been asked for`);
      if (target.length < bodyBytes) {
        throw new Failure('LIMIT_EXCEEDED', `a body of ${bodyBytes} bytes where at most ${target.length} were expected`);
      }
      this.#value = value;
      this.#hasBegun = true;
      return target;
    } catch (error) {
      this.#refusal = error instanceof Failure ? error : new Failure('INTERNAL', 'choosing where a body goes failed', { cause: error });
      throw this.#refusal;
    }
  }

  received(newBytes: number): void {
    this.#options.onBytes?.(newBytes);
  }
}
