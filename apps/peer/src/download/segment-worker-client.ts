import { Worker } from 'node:worker_threads';
import { Failure, SEGMENT_BYTES_MAX, type Codec } from '@p2p/protocol';
import { toFailure, type Logger } from '@p2p/service';
import { DECODE_GARBAGE_BYTES_MAX, INFLATE_SLICE_BYTES, WORKER_IDLE_MS, ZSTD_WINDOW_LOG_MAX } from '../limits.js';
import { workerUrl } from '../worker-url.js';
import type { Block, SegmentArena } from './segment-arena.js';
import type { SegmentTask, SegmentTimes, SegmentVerdict, SegmentWorkerData, WorkerGreeting } from './segment-task.js';
import { WorkerLoad } from './worker-load.js';

/** What became of a segment. */
export type SegmentResult =
  | { readonly kind: 'ok'; readonly times: SegmentTimes; readonly queueMs: number }
  | { readonly kind: 'corrupt'; readonly reason: 'undecodable' | 'mismatch'; readonly times: SegmentTimes; readonly queueMs: number }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What the worker came to an end with: the segment is written, or found to be corrupt. */
export type SettledSegment = Exclude<SegmentResult, { kind: 'failed' }>;

export interface StoreRequest {
  readonly block: Block;
  readonly bodyBytes: number;
  readonly rawBytes: number;
  readonly codec: Codec;
  readonly hash: Uint8Array;
  readonly fd: number;
  readonly offset: number;
  /** Where byte `segment` is set to 1 once the segment is written; -1 for nowhere. */
  readonly mapFd: number;
  readonly segment: number;
}

export interface CheckRequest {
  readonly rawBytes: number;
  readonly hash: Uint8Array;
  readonly fd: number;
  readonly offset: number;
}

interface Pending {
  readonly sentAt: number;
  readonly done: (result: SegmentResult) => void;
}

/**
 * The one worker thread of this process: started with the first task, ended when it has been idle. Tasks are done in
 * order. Every task is answered exactly once, also when the thread dies: until then its file must stay open.
 */
export class SegmentWorkerClient {
  readonly load = new WorkerLoad();
  readonly #arena: SegmentArena;
  readonly #logger: Logger;
  readonly #idleMs: number;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #nextId = 0;
  #isReady = false;
  #closed = false;

  constructor(components: { readonly arena: SegmentArena; readonly logger: Logger }, options: { readonly idleMs?: number } = {}) {
    this.#arena = components.arena;
    this.#logger = components.logger;
    this.#idleMs = options.idleMs ?? WORKER_IDLE_MS;
  }

  /** Tasks sent and not answered. */
  get depth(): number {
    return this.#pending.size;
  }

  /** The same, but none while the thread starts: what waits then does not mean that it cannot keep up. */
  get backlog(): number {
    return this.#isReady ? this.#pending.size : 0;
  }

  /** Whether the thread is there; it holds memory. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** Decodes, verifies and writes a segment. Its block belongs to the worker until `done` is called. */
  store(request: StoreRequest, done: (result: SegmentResult) => void): void {
    // A view of the manifest would be cloned with all of the manifest.
    const { block, hash, ...rest } = request;
    this.#send({ kind: 'store', id: this.#nextId++, at: block.at, hash: hash.slice(), ...rest }, done);
  }

  /** Whether the bytes of an open file match a hash; a file that is too short does not. */
  check(request: CheckRequest, done: (result: SegmentResult) => void): void {
    const { hash, ...rest } = request;
    this.#send({ kind: 'check', id: this.#nextId++, hash: hash.slice(), ...rest }, done);
  }

  /** Ends the thread; what it had not answered fails with `CANCELLED`. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    const worker = this.#worker;
    if (worker === undefined) return;
    await worker.terminate();
    this.#forget(worker, stopped());
  }

  #send(task: SegmentTask, done: (result: SegmentResult) => void): void {
    if (this.#closed) {
      queueMicrotask(() => done({ kind: 'failed', failure: stopped() }));
      return;
    }
    clearTimeout(this.#idleTimer);
    this.#worker ??= this.#start();
    this.#pending.set(task.id, { sentAt: performance.timeOrigin + performance.now(), done });
    this.load.begin();
    this.#worker.postMessage(task);
  }

  #start(): Worker {
    const data: SegmentWorkerData = {
      arena: this.#arena.buffer,
      segmentBytesMax: SEGMENT_BYTES_MAX,
      inflateSliceBytes: INFLATE_SLICE_BYTES,
      zstdWindowLogMax: ZSTD_WINDOW_LOG_MAX,
      garbageBytesMax: DECODE_GARBAGE_BYTES_MAX,
    };
    this.#isReady = false;
    const worker = new Worker(workerUrl('./segment-worker.js', import.meta.url), {
      workerData: data,
      // Options of the main thread, such as a loader for tests, are not for this one.
      execArgv: [],
      env: {},
    });
    worker.on('message', (message: SegmentVerdict | WorkerGreeting) => this.#onMessage(message));
    worker.on('error', (error) => this.#logger.error('segment_worker.failed', { reason: toFailure(error).message }));
    worker.on('exit', (code) => {
      if (this.#worker === worker)
        this.#forget(
          worker,
          this.#closed
            ? stopped()
            : new Failure('INTERNAL', `the segment worker ended with code ${code}; see the log, and start the download again`),
        );
    });
    return worker;
  }

  #onMessage(message: SegmentVerdict | WorkerGreeting): void {
    if (message.kind === 'ready') {
      this.#isReady = true;
      this.load.thread = message.thread;
      this.#logger.info('inflater', { inflater: message.inflater });
      return;
    }
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    this.load.end(message.kind === 'failed' ? undefined : message.times);
    if (this.#pending.size === 0) this.#idleTimer = setTimeout(() => this.#retire(), this.#idleMs).unref();
    if (message.kind === 'failed') {
      pending.done({ kind: 'failed', failure: new Failure(message.code, sentenceOf(message.code, message.message)) });
      return;
    }
    pending.done({ ...message, queueMs: Math.max(0, message.times.beganAt - pending.sentAt) });
  }

  /** Nobody waits for this thread: it may end by itself. */
  #retire(): void {
    const worker = this.#worker;
    if (worker === undefined || this.#pending.size > 0) return;
    this.#worker = undefined;
    void worker.terminate();
  }

  #forget(worker: Worker, failure: Failure): void {
    if (this.#worker === worker) this.#worker = undefined;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { done } of pending) {
      this.load.end();
      done({ kind: 'failed', failure });
    }
  }
}

function stopped(): Failure {
  return new Failure('CANCELLED', 'the peer stops');
}

function sentenceOf(code: 'DISK_FULL' | 'DISK_FAILED' | 'INTERNAL', message: string): string {
  if (code === 'DISK_FULL') return `the disk is full (${message}); make room and start the download again: what it has is kept`;
  if (code === 'DISK_FAILED') return `the part file cannot be read or written (${message}); what was written is kept`;
  return `a segment could not be processed (${message})`;
}
