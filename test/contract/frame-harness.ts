import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { MessageHandler, TcpContext } from '@nestjs/microservices';
import { FRAME_BOUNDS, Failure, FrameReader, encodeMessageFrame, type FailureCode, type FrameMessage } from '@p2p/protocol';
import { FrameClient, FrameServer, OutgoingBody, type FrameServerOptions } from '@p2p/service';
import { Subject, firstValueFrom } from 'rxjs';
import { z } from 'zod';

/** Any answer, and any that has a body. */
export const anySchema = z.looseObject({});
export const bodySchema = z.looseObject({ bodyBytes: z.number() });

const HOST = '127.0.0.1';
const WAIT_MS_MAX = 5000;

/** Rejects when `promise` takes longer than a healthy machine ever needs. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${WAIT_MS_MAX} ms`)), WAIT_MS_MAX);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error: unknown = await soon(
    promise.then(
      () => undefined,
      (thrown: unknown) => thrown,
    ),
    'a failure',
  );
  if (!(error instanceof Failure)) throw new Error('it did not fail with a failure', { cause: error });
  return error;
}

/** Something that happens once, with what it brings. */
export class Once<T> {
  readonly happened: Promise<T>;
  count = 0;
  #resolve!: (value: T) => void;

  constructor() {
    this.happened = new Promise<T>((resolve) => (this.#resolve = resolve));
  }

  happen(value: T): void {
    this.count++;
    this.#resolve(value);
  }
}

/** What a test answers. Its parameter is what the test itself sends. */
type Handler = (data: never, context: TcpContext) => unknown;

/** Handlers by pattern, those of events marked. */
export type Handlers = Record<string, Handler | { readonly onEvent: Handler }>;

/** A server with what it saw of violations, and everything to be closed after a test. */
export class FrameBench {
  readonly violations: { readonly failure: Failure; readonly remote: string }[] = [];
  readonly #violated = new Subject<Failure>();
  readonly #closers: (() => unknown)[] = [];

  async serve(handlers: Handlers, options: Partial<FrameServerOptions> = {}): Promise<FrameServer> {
    const server = new FrameServer({
      host: HOST,
      port: 0,
      connectionsMax: 16,
      requestsPerConnectionMax: 64,
      pace: { packetDelayMs: 0, packetBytes: 1024 },
      onViolation: (violation) => {
        this.violations.push(violation);
        this.#violated.next(violation.failure);
      },
      ...options,
    });
    for (const [asked, handler] of Object.entries(handlers)) {
      if (typeof handler === 'function') server.addHandler(asked, handler as unknown as MessageHandler);
      else server.addHandler(asked, handler.onEvent as unknown as MessageHandler, true);
    }
    await new Promise<void>((resolve, reject) => {
      server.listen((error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
    this.#closers.push(() => server.close());
    return server;
  }

  async client(port: number, connectTimeoutMs = WAIT_MS_MAX): Promise<FrameClient> {
    const client = await FrameClient.connect({ host: HOST, port, connectTimeoutMs });
    this.#closers.push(() => client.close());
    return client;
  }

  /** A client that says and reads exactly what a test wants. */
  async raw(port: number): Promise<RawPeer> {
    const socket = connect({ host: HOST, port, noDelay: true });
    this.#closers.push(() => socket.destroy());
    await once(socket, 'connect');
    return new RawPeer(socket);
  }

  /** A server that says exactly what a test wants. */
  async rawServer(onPeer: (peer: RawPeer) => void): Promise<number> {
    const server: Server = createServer({ noDelay: true }, (socket) => {
      this.#closers.push(() => socket.destroy());
      onPeer(new RawPeer(socket));
    });
    server.listen(0, HOST);
    await once(server, 'listening');
    this.#closers.push(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  /** The code of the next violation, or of the one that has been. */
  async violation(): Promise<FailureCode> {
    const first = this.violations[0];
    return first === undefined ? (await soon(firstValueFrom(this.#violated), 'a violation')).code : first.failure.code;
  }

  close(): void {
    for (const closer of this.#closers.splice(0).reverse()) closer();
  }
}

/** One end of a plain socket that speaks in frames. */
export class RawPeer {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  /** Whole messages, bodies (`{ body }`) and aborts (`{ abortedAt }`), in the order they came. */
  readonly came: FrameMessage[] = [];
  readonly #changed = new Subject<void>();

  constructor(socket: Socket) {
    this.socket = socket;
    // A reset is one of the ways in which the other side may close.
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** Begins to read. Until then the kernel's buffers fill. */
  read(): this {
    let body = new Uint8Array(0);
    let received = 0;
    const push = (message: FrameMessage): void => {
      this.came.push(message);
      this.#changed.next();
    };
    const reader = new FrameReader(
      {
        onMessage: push,
        onBodyStart: (message, bodyBytes) => {
          push(message);
          body = new Uint8Array(bodyBytes);
          received = 0;
          return body;
        },
        onBodyBytes: (_, bytes) => {
          received += bytes;
          push({ bytes });
        },
        onBodyEnd: () => push({ body }),
        onBodyAborted: () => push({ abortedAt: received }),
      },
      FRAME_BOUNDS,
    );
    this.socket.on('data', (data) => reader.push(data as Buffer));
    return this;
  }

  /** The first of what came that `isIt`. */
  async next(isIt: (message: FrameMessage) => boolean = () => true): Promise<FrameMessage> {
    for (;;) {
      const found = this.came.find(isIt);
      if (found !== undefined) return found;
      await soon(firstValueFrom(this.#changed), 'a message');
    }
  }

  send(message: unknown): void {
    this.socket.write(encodeMessageFrame(message));
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }
}

/** A prefix with any lengths, allowed or not. */
export function prefix(headerBytes: number, bodyBytes: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, headerBytes, true);
  new DataView(bytes.buffer).setUint32(4, bodyBytes, true);
  return bytes;
}

/** Bytes that tell their place. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 7 + (at >> 8)) & 0xff;
  return bytes;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export interface Done {
  readonly outcome: string;
  readonly sentBytes: number;
}

/** A body with what became of it. */
export function bodyOf(
  bytes: Uint8Array,
  options: { signal?: AbortSignal; paced?: boolean } = {},
): { body: OutgoingBody; done: Once<Done> } {
  const done = new Once<Done>();
  const body = new OutgoingBody({ bytes, ...options, onDone: (outcome, sentBytes) => done.happen({ outcome, sentBytes }) });
  return { body, done };
}

/** Asks for a body of at most `bytes` bytes and returns it. */
export async function fetchBody(client: FrameClient, asked: string, bytes: number, onBytes?: (n: number) => void): Promise<Uint8Array> {
  const target = new Uint8Array(bytes);
  const answer = await client.requestBody(asked, {}, bodySchema, {
    timeoutMs: 5000,
    target: () => target,
    ...(onBytes === undefined ? {} : { onBytes }),
  });
  return target.subarray(0, answer.bodyBytes);
}
