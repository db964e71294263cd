import { open } from 'node:fs/promises';
import { Failure } from '@p2p/protocol';
import type { z } from 'zod';
import { CLI_ANSWER_TIMEOUT_MS, CLI_STREAM_SILENCE_MS_MAX, CLI_TOKEN_BYTES_MAX } from '../limits.js';
import { boundedLines, boundedText } from './bounded-body.js';

export interface HttpClientOptions {
  /** Of the control API, without a path. */
  readonly url: string;
  readonly tokenPath: string;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: object;
}

/** Talks to the control API. Everything that goes wrong is a `Failure`. */
export class HttpClient {
  readonly #options: HttpClientOptions;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#options.url;
  }

  /** Throws what the peer answers, `UNREACHABLE`, `UNAUTHORIZED`, `CONNECTION_LOST`, `TIMED_OUT`, `CANCELLED`. */
  async request<A>(request: HttpRequest, answer: z.ZodType<A>, signal?: AbortSignal): Promise<A> {
    const timeout = AbortSignal.timeout(CLI_ANSWER_TIMEOUT_MS);
    const both = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    try {
      const response = await this.#send(request, both);
      return this.#check(answer, parseJson(await boundedText(response)));
    } catch (error) {
      if (timeout.aborted && signal?.aborted !== true) {
        const message = `the peer at ${this.url} did not answer within ${CLI_ANSWER_TIMEOUT_MS / 1000} s; look at its log`;
        throw new Failure('TIMED_OUT', message, { cause: error });
      }
      throw this.#failureOf(error, signal);
    }
  }

  /**
   * The lines of a stream. Leaving the loop closes the connection. Throws like `request`, and the failure that is the
   * stream's last line; a stream that falls silent is `CONNECTION_LOST`.
   */
  async *stream<L>(request: HttpRequest, line: z.ZodType<L>, signal?: AbortSignal): AsyncGenerator<L, void, undefined> {
    const silence = new AbortController();
    const over = new AbortController();
    const signals = [silence.signal, over.signal, ...(signal === undefined ? [] : [signal])];
    let timer: NodeJS.Timeout | undefined;
    try {
      const response = await this.#send(request, AbortSignal.any(signals));
      timer = setTimeout(() => silence.abort(), CLI_STREAM_SILENCE_MS_MAX);
      for await (const text of boundedLines(response, () => timer?.refresh())) {
        const value = parseJson(text);
        if (isFailureAnswer(value)) throw Failure.fromWire(value.failure);
        yield this.#check(line, value);
      }
    } catch (error) {
      if (silence.signal.aborted) {
        throw new Failure('CONNECTION_LOST', `the peer at ${this.url} said nothing for ${CLI_STREAM_SILENCE_MS_MAX / 1000} s`, {
          cause: error,
        });
      }
      throw this.#failureOf(error, signal);
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  }

  async #send(request: HttpRequest, signal: AbortSignal): Promise<Response> {
    const { token, problem } = await this.#token();
    const url = new URL(request.path, this.url);
    for (const [key, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, value);
    }
    const response = await fetch(url, {
      method: request.method,
      headers: {
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      redirect: 'manual',
      signal,
    });
    if (response.ok) return response;
    const answer = parseJson(await boundedText(response));
    if (!isFailureAnswer(answer)) throw this.#noPeer();
    const failure = Failure.fromWire(answer.failure);
    if (failure.code !== 'UNAUTHORIZED') throw failure;
    throw new Failure('UNAUTHORIZED', problem ?? `${this.#options.tokenPath} is another peer's token; ${this.#tokenAdvice()}`);
  }

  /** Read for each request: a peer that was started anew may have a new one. Its absence is told if the peer asks for it. */
  async #token(): Promise<{ readonly token?: string; readonly problem?: string }> {
    const { tokenPath } = this.#options;
    try {
      await using file = await open(tokenPath);
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(CLI_TOKEN_BYTES_MAX) });
      const token = buffer.toString('latin1', 0, bytesRead).trim();
      if (/^[\x21-\x7e]+$/.test(token)) return { token };
      return { problem: `${tokenPath} holds no token; start the peer anew, which writes one` };
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      return {
        problem: isMissing
          ? `there is no token at ${tokenPath}; ${this.#tokenAdvice()}`
          : `the token at ${tokenPath} cannot be read; run p2p as the user that runs the peer`,
      };
    }
  }

  #tokenAdvice(): string {
    return `set P2P_DATA_DIR to the data directory of the peer at ${this.url}`;
  }

  #check<A>(schema: z.ZodType<A>, value: unknown): A {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    throw this.#noPeer(result.error);
  }

  #noPeer(cause?: unknown): Failure {
    const message = `what answers at ${this.url} is no peer of this version; set P2P_CONTROL_URL to a peer's control API`;
    return new Failure('VERSION_MISMATCH', message, { cause });
  }

  /** What `fetch` throws tells little by itself; its cause has the code. */
  #failureOf(error: unknown, signal: AbortSignal | undefined): Failure {
    if (error instanceof Failure) return error;
    if (signal?.aborted === true) return new Failure('CANCELLED', 'interrupted', { cause: error });
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
    const code = reason !== undefined && 'code' in reason ? String(reason.code) : '';
    if (reason?.message === 'bad port') {
      const message = `HTTP clients refuse the port of ${this.url}, which is another protocol's; give the peer another P2P_CONTROL_PORT`;
      return new Failure('BAD_CONFIG', message, { cause: error });
    }
    if (['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'].includes(code)) {
      const message = `no peer answers at ${this.url}: start one with \`p2p-peer\`, or set P2P_CONTROL_URL`;
      return new Failure('UNREACHABLE', message, { cause: error });
    }
    if (error instanceof SyntaxError || code.startsWith('HPE_')) return this.#noPeer(error);
    return new Failure('CONNECTION_LOST', `the connection to the peer at ${this.url} broke`, { cause: error });
  }
}

/** Throws a `SyntaxError` for what is no JSON. */
function parseJson(text: string): unknown {
  return JSON.parse(text) as unknown;
}

function isFailureAnswer(value: unknown): value is { readonly failure: unknown } {
  return typeof value === 'object' && value !== null && 'failure' in value && !('state' in value);
}
