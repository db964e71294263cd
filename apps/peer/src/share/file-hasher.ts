import { setTimeout as after } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { decodeManifest, Failure, type FileId, type Manifest } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import {
  HASH_ATTEMPTS_MAX,
  HASH_READ_BYTES,
  HASH_SEGMENTS_PER_TURN,
  HASH_SETTLE_MS,
  HASH_WORKER_IDLE_MS,
  SHARE_PROGRESS_INTERVAL_MS,
} from '../limits.js';
import { workerUrl } from '../worker-url.js';
import { fingerprintAt, touchedAtMs, type Fingerprint } from './fingerprint.js';
import type { HashReply, HashRequest, HashWorkerData } from './hash-messages.js';

/** What hashing a file found. */
export interface HashedFile {
  readonly file: FileId;
  readonly manifest: Manifest;
  readonly fingerprint: Fingerprint;
  /** Whether any later write to the file will show in its fingerprint; else the hash is not to be remembered. */
  readonly isSettled: boolean;
}

export interface HashFileOptions {
  readonly signal: AbortSignal;
  /** Bytes hashed so far, at most ten times a second. */
  onProgress(hashedBytes: number): void;
}

/** Hashes files and segments in one worker thread, which is started when needed and ended when idle. */
export class FileHasher {
  readonly #idleMs: number;
  readonly #now: () => number;
  readonly #waiting = new Map<number, (reply: HashReply) => void>();
  readonly #closing = new AbortController();
  #worker: Worker | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #nextJob = 0;
  /** Ends when the file before has been hashed: files are hashed one at a time, in the order they were asked for. */
  #fileTurn: Promise<unknown> = Promise.resolve();

  constructor(options: { readonly idleMs?: number; readonly now?: () => number } = {}) {
    this.#idleMs = options.idleMs ?? HASH_WORKER_IDLE_MS;
    this.#now = options.now ?? Date.now;
  }

  /** Whether the worker thread is there. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /**
   * Throws `NOT_FOUND`, `ACCESS_DENIED`, `DISK_FAILED`, `LIMIT_EXCEEDED` (over 1 TiB), `CANCELLED`, and `FILE_CHANGED`
   * when the file changed each of the times it was hashed.
   */
  hashFile(path: string, options: HashFileOptions): Promise<HashedFile> {
    const turn = this.#fileTurn.then(() => this.#hashWhenQuiet(path, options));
    this.#fileTurn = turn.catch(() => undefined);
    return turn;
  }

  /** BLAKE3 of `bytes`, which are moved to the worker and gone for the caller. */
  async hashBytes(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    const reply = await this.#ask((job) => ({ kind: 'bytes', job, bytes }), { transfer: [bytes.buffer] });
    if (reply.kind !== 'digest') throw unexpected(reply);
    return reply.hash;
  }

  /** Ends the worker; what waits for it fails with `CANCELLED`. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#endWorker(new Failure('CANCELLED', 'this peer stops'));
  }

  async #hashWhenQuiet(path: string, options: HashFileOptions): Promise<HashedFile> {
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    for (let attempt = 1; attempt <= HASH_ATTEMPTS_MAX; attempt++) {
      const startedAtMs = await this.#settle(path, signal);
      const reply = await this.#ask((job) => ({ kind: 'file', job, path }), {
        signal,
        onProgress: (hashedBytes) => options.onProgress(hashedBytes),
      });
      if (reply.kind === 'changed') continue;
      if (reply.kind !== 'hashed') throw unexpected(reply);
      const { fingerprint, manifestBytes, file } = reply;
      const isSettled = startedAtMs - touchedAtMs(fingerprint) >= HASH_SETTLE_MS;
      return { file, manifest: decodeManifest(manifestBytes), fingerprint, isSettled };
    }
    throw new Failure(
      'FILE_CHANGED',
      `${path} changed each of the ${HASH_ATTEMPTS_MAX} times it was hashed; share it when nothing writes to it`,
    );
  }

  /** Waits until the last write is old enough to be told from the next. A time in the future tells nothing, and is not waited for. */
  async #settle(path: string, signal: AbortSignal): Promise<number> {
    try {
      const fingerprint = await fingerprintAt(path);
      if (fingerprint === undefined) throw new Failure('NOT_FOUND', `there is no file at ${path} any more`);
      const waitMs = HASH_SETTLE_MS - (this.#now() - touchedAtMs(fingerprint));
      if (waitMs > 0 && waitMs <= HASH_SETTLE_MS) await after(waitMs + 1, undefined, { signal });
      if (signal.aborted) throw cancelled(path);
    } catch (cause) {
      throw signal.aborted ? cancelled(path) : toFailure(cause);
    }
    return this.#now();
  }

  async #ask(
    request: (job: number) => HashRequest,
    options: {
      readonly transfer?: readonly ArrayBuffer[];
      readonly signal?: AbortSignal;
      readonly onProgress?: (hashedBytes: number) => void;
    },
  ): Promise<HashReply> {
    if (this.#closing.signal.aborted) throw new Failure('CANCELLED', 'this peer stops');
    const job = this.#nextJob++;
    const worker = this.#startWorker();
    const abort = (): void => worker.postMessage({ kind: 'abort', job } satisfies HashRequest);
    options.signal?.addEventListener('abort', abort, { once: true });
    const reply = await new Promise<HashReply>((resolve) => {
      this.#waiting.set(job, (message) => {
        if (message.kind === 'progress') return options.onProgress?.(message.hashedBytes);
        this.#waiting.delete(job);
        resolve(message);
      });
      worker.postMessage(request(job), options.transfer ?? []);
    });
    options.signal?.removeEventListener('abort', abort);
    this.#restartIdleTimer();
    if (reply.kind === 'failed') throw failureOf(reply.error);
    if (reply.kind === 'aborted') throw new Failure('CANCELLED', 'hashing was stopped');
    return reply;
  }

  #startWorker(): Worker {
    clearTimeout(this.#idleTimer);
    if (this.#worker !== undefined) return this.#worker;
    const bounds: HashWorkerData = {
      readBytes: HASH_READ_BYTES,
      segmentsPerTurn: HASH_SEGMENTS_PER_TURN,
      progressIntervalMs: SHARE_PROGRESS_INTERVAL_MS,
    };
    const worker = new Worker(workerUrl('./hash-worker.js', import.meta.url), { workerData: bounds, name: 'hash' });
    worker.on('message', (reply: HashReply) => this.#waiting.get(reply.job)?.(reply));
    // A worker that dies answers nothing more: whoever waits for it is told, and the next request starts another.
    worker.on('error', (cause) => this.#workerEnded(worker, new Failure('INTERNAL', 'the hashing thread died', { cause })));
    worker.on('exit', () => this.#workerEnded(worker, new Failure('INTERNAL', 'the hashing thread ended')));
    this.#worker = worker;
    return worker;
  }

  #restartIdleTimer(): void {
    clearTimeout(this.#idleTimer);
    if (this.#waiting.size > 0 || this.#closing.signal.aborted) return;
    this.#idleTimer = setTimeout(() => void this.#endWorker(new Failure('INTERNAL', 'the hashing thread was idle')), this.#idleMs);
    this.#idleTimer.unref();
  }

  async #endWorker(failure: Failure): Promise<void> {
    clearTimeout(this.#idleTimer);
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#workerEnded(worker, failure);
    await worker.terminate();
  }

  #workerEnded(worker: Worker, failure: Failure): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const [job, answer] of this.#waiting)
      answer({ kind: 'failed', job, error: { name: 'Failure', message: failure.message, code: failure.code } });
  }
}

function cancelled(path: string): Failure {
  return new Failure('CANCELLED', `hashing ${path} was stopped`);
}

/** Our codes and the system's both stand in `code`; the one table knows them apart. */
function failureOf(error: { readonly message: string; readonly code?: string; readonly path?: string }): Failure {
  return toFailure(Object.assign(new Error(error.message), error));
}

function unexpected(reply: HashReply): Failure {
  return new Failure('INTERNAL', `the hashing thread answered with "${reply.kind}"`);
}
