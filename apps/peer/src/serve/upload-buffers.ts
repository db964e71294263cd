import { Failure } from '@p2p/protocol';
import { UPLOAD_RETRY_AFTER_MS } from '../limits.js';
import { FairQueue } from './fair-queue.js';

export interface UploadBuffersOptions {
  /** Bytes lent at once. At least one segment. */
  readonly bytesMax: number;
  readonly waitingMax: number;
  /** Free buffers go back to the system after this long without use, in ms. */
  readonly idleMs: number;
}

interface Waiter {
  readonly bytes: number;
  readonly give: (lease: UploadLease) => void;
}

/** A part of the budget, and, while the segment is read and sent, a buffer. Given back once, by `release`. */
export interface UploadLease {
  /** A buffer of at least the leased bytes; the same one until `releaseBuffer`. */
  buffer(): Uint8Array;
  /** Gives the buffer back and keeps `bytes` of the budget, for what was made from it. */
  releaseBuffer(bytes: number): void;
  release(): void;
}

/**
 * The memory for segments on their way out: a budget for the whole process, in buffers that are used again (a new one
 * for each segment costs a second of CPU a GiB). Whoever waits is served in turn by connection, so that one which asks
 * for much does not starve the others.
 */
export class UploadBuffers {
  readonly #options: UploadBuffersOptions;
  readonly #waiters = new FairQueue<number, Waiter>();
  /** Free buffers by size. */
  readonly #free = new Map<number, Uint8Array[]>();
  #lentBytes = 0;
  #freeBytes = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(options: UploadBuffersOptions) {
    this.#options = options;
  }

  get lentBytes(): number {
    return this.#lentBytes;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Leases `bytes` for connection `key`. Throws `BUSY` when too many wait, `CANCELLED` when `signal` aborts first. */
  async lease(key: number, bytes: number, signal: AbortSignal): Promise<UploadLease> {
    if (signal.aborted) throw cancelled();
    if (this.#waiters.size === 0 && this.#fits(bytes)) return this.#lend(bytes);
    if (this.#waiters.size >= this.#options.waitingMax) {
      throw new Failure('BUSY', `${this.#waiters.size} uploads wait for memory; at most ${this.#options.waitingMax} may. Ask again later`, {
        retryAfterMs: UPLOAD_RETRY_AFTER_MS,
      });
    }
    return await new Promise<UploadLease>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.delete(key, waiter);
        reject(cancelled());
      };
      const waiter: Waiter = {
        bytes,
        give: (lease) => {
          signal.removeEventListener('abort', onAbort);
          resolve(lease);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(key, waiter);
    });
  }

  close(): void {
    clearTimeout(this.#idleTimer);
    this.#free.clear();
    this.#freeBytes = 0;
  }

  #fits(bytes: number): boolean {
    return this.#lentBytes + bytes <= this.#options.bytesMax;
  }

  #lend(bytes: number): UploadLease {
    this.#lentBytes += bytes;
    let heldBytes = bytes;
    let buffer: Uint8Array | undefined;
    const keep = (keptBytes: number): void => {
      if (buffer !== undefined) this.#takeBack(buffer);
      buffer = undefined;
      this.#lentBytes -= heldBytes - keptBytes;
      heldBytes = keptBytes;
      this.#serveWaiters();
    };
    return {
      buffer: () => (buffer ??= this.#bufferOf(sizeClassOf(bytes))),
      releaseBuffer: (keptBytes) => keep(Math.min(keptBytes, heldBytes)),
      release: () => keep(0),
    };
  }

  #serveWaiters(): void {
    for (;;) {
      const next = this.#waiters.peek();
      if (next === undefined || !this.#fits(next.bytes)) return;
      this.#waiters.shift();
      next.give(this.#lend(next.bytes));
    }
  }

  #bufferOf(size: number): Uint8Array {
    const free = this.#free.get(size)?.pop();
    if (free === undefined) return Buffer.allocUnsafeSlow(size);
    this.#freeBytes -= size;
    return free;
  }

  #takeBack(buffer: Uint8Array): void {
    // Free and lent buffers together stay within the budget: sizes that are no longer asked for must not pile up.
    while (this.#freeBytes + buffer.length > this.#options.bytesMax && this.#dropFree());
    const free = this.#free.get(buffer.length) ?? [];
    free.push(buffer);
    this.#free.set(buffer.length, free);
    this.#freeBytes += buffer.length;
    this.#idleTimer ??= setTimeout(() => this.#trim(), this.#options.idleMs).unref();
    this.#idleTimer.refresh();
  }

  #dropFree(): boolean {
    for (const [size, free] of this.#free) {
      if (free.pop() === undefined) continue;
      this.#freeBytes -= size;
      return true;
    }
    return false;
  }

  #trim(): void {
    this.#idleTimer = undefined;
    this.#free.clear();
    this.#freeBytes = 0;
  }
}

/** Buffers come in powers of two, as segments do but for the last of a file. */
function sizeClassOf(bytes: number): number {
  let size = SIZE_CLASS_BYTES_MIN;
  while (size < bytes) size *= 2;
  return size;
}

const SIZE_CLASS_BYTES_MIN = 64 * 1024;

function cancelled(): Failure {
  return new Failure('CANCELLED', 'the request was cancelled');
}
