// One connection to a program of ours that sends whatever it is given, and keeps account of what comes back.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { FrameReader, type FrameMessage } from '@p2p/protocol';

/** Whatever takes this long hangs. */
const HANG_MS = 30_000;

export class FuzzConnection {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  readonly #waiting = new Set<string>();
  readonly #known = new Set<string>();
  readonly closed: Promise<void>;
  /** Failures that were answered, by code. */
  readonly refusals = new Map<string, number>();
  answers = 0;
  #isClosed = false;
  #lastNumber = 0;
  #wake: (() => void) | undefined;
  #problem: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#reader = new FrameReader({
      onMessage: (message) => this.#onMessage(message),
      onBodyStart: () => null,
      onBodyBytes: () => undefined,
      onBodyEnd: (message) => this.#settle(message),
      onBodyAborted: (message) => this.#settle(message),
    });
    socket.setNoDelay(true);
    // A connection that is reset ends like any other: the account says whether it should have.
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        this.#wake?.();
        resolve();
      });
    });
  }

  static async open(port: number): Promise<FuzzConnection> {
    const socket = connect({ host: '127.0.0.1', port });
    const connection = new FuzzConnection(socket);
    await once(socket, 'connect');
    return connection;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** For an id: never given twice. */
  nextNumber(): number {
    return ++this.#lastNumber;
  }

  /** Requests whose answers are due, each as JSON of its id. */
  expect(ids: readonly string[]): void {
    for (const id of ids) {
      this.#waiting.add(id);
      this.#known.add(id);
    }
  }

  write(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#socket.write(bytes);
  }

  /** Until every request is answered. Throws when one is not, or something came that nobody asked for. */
  async answered(): Promise<void> {
    const deadline = setTimeout(() => this.#fail(new Error(`no answer for ${HANG_MS} ms to ${[...this.#waiting].join(', ')}`)), HANG_MS);
    while (this.#waiting.size > 0 && !this.#isClosed && this.#problem === undefined) await this.#change();
    clearTimeout(deadline);
    if (this.#problem !== undefined) throw this.#problem;
    if (this.#waiting.size > 0) throw new Error(`the connection was closed before it answered ${[...this.#waiting].join(', ')}`);
  }

  /** Until the other side has closed. Throws when it does not. */
  async cutOff(): Promise<void> {
    const deadline = setTimeout(() => this.#fail(new Error(`the connection was not closed for ${HANG_MS} ms`)), HANG_MS);
    while (!this.#isClosed && this.#problem === undefined) await this.#change();
    clearTimeout(deadline);
    if (this.#problem !== undefined) throw this.#problem;
  }

  /** Nothing more is sent; the other side closes. */
  async end(): Promise<void> {
    this.#socket.end();
    await this.cutOff();
  }

  /** Gone in the middle of whatever it was. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Takes no more of what comes: the kernel's buffers fill, then the other side's. */
  stopReading(): void {
    this.#socket.pause();
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #onData(bytes: Buffer): void {
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.#fail(new Error('what came back is not in frames', { cause: error }));
    }
    if (this.#waiting.size === 0) this.#wake?.();
  }

  #onMessage(message: FrameMessage): void {
    if (message['err'] !== undefined) {
      const code = String((message['err'] as { readonly code?: unknown }).code);
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
      if (code === 'INTERNAL') this.#fail(new Error(`an answer is INTERNAL: ${JSON.stringify(message)}`));
    }
    this.#settle(message);
  }

  #settle(message: FrameMessage): void {
    const id = JSON.stringify(message['id']);
    if (!this.#known.has(id)) this.#fail(new Error(`an answer to nothing: ${JSON.stringify(message).slice(0, 200)}`));
    if (this.#waiting.delete(id)) this.answers += 1;
  }

  #fail(error: Error): void {
    this.#problem ??= error;
    this.#wake?.();
  }
}
