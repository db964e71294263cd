import { Failure } from '@p2p/protocol';
import { Subject } from 'rxjs';
import type { Clock } from './clock.js';
import type { DownloadRunner } from './download-runner.js';
import type { DownloadState, DownloadStatus } from './downloads.js';
import type { Job } from './job.js';
import type { OutputPath } from './output-path.js';
import { RateMeter } from './rate-meter.js';
import type { LookupTimes } from './target-resolution.js';

const ENDED: ReadonlySet<DownloadState> = new Set(['done', 'failed', 'cancelled']);

interface EntryOptions {
  readonly startedAt: string;
  readonly claimedBytes?: number;
  readonly lookup?: LookupTimes;
}

/** A download as the manager keeps it: queued, running or ended. */
export class DownloadEntry {
  /** Emits when the state changes. */
  readonly changed = new Subject<void>();
  job: Job;
  /** None for one from an earlier life of this peer. */
  readonly lookup: LookupTimes | undefined;
  readonly #clock: Clock;
  readonly #startedAt: string;
  #runner: DownloadRunner | undefined;
  #rate: RateMeter | undefined;
  #final: DownloadStatus | undefined;
  #running: Promise<void> | undefined;
  /** Of an unfinished one from an earlier life of this peer: what its map claims. */
  readonly #claimedBytes: number;

  constructor(clock: Clock, job: Job, options: EntryOptions) {
    this.#clock = clock;
    this.job = job;
    this.#startedAt = options.startedAt;
    this.lookup = options.lookup;
    this.#claimedBytes = options.claimedBytes ?? 0;
    if (job.state !== 'active') this.#final = this.#idleStatus(job.state);
  }

  get isEnded(): boolean {
    return this.#final !== undefined;
  }

  get isRunning(): boolean {
    return this.#runner !== undefined && !this.isEnded;
  }

  get runner(): DownloadRunner | undefined {
    return this.#runner;
  }

  /** Settles when the run has ended and its outcome was noted; at once when there is none. */
  get running(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  begin(runner: DownloadRunner, running: Promise<void>): void {
    this.#runner = runner;
    this.#running = running;
    this.changed.next();
  }

  /** Keeps the last status; the runner, with all it holds, goes. */
  end(state: 'done' | 'failed' | 'cancelled', failure?: Failure): void {
    if (this.#final !== undefined) return;
    // A past moment's time left and time since progress mean nothing any more.
    const last = this.status();
    const { transferMs, totalMs, report } = last;
    this.#final = {
      ...this.#idleStatus(state),
      transferMs,
      totalMs,
      ...(report === undefined ? {} : { report }),
      verifiedBytes: state === 'done' ? this.job.bytes : last.verifiedBytes,
      ...(failure === undefined ? {} : { failure: { code: failure.code, message: failure.message } }),
    };
    this.#runner = undefined;
    this.changed.next();
    this.changed.complete();
  }

  status(): DownloadStatus {
    if (this.#final !== undefined) return this.#final;
    const runner = this.#runner;
    if (runner === undefined) return this.#idleStatus('queued');
    const now = this.#clock.now();
    const { position, report, sinceProgressMs } = runner;
    // What is found on disk or copied from it is no rate of the transfer.
    if (report === undefined) this.#rate = undefined;
    else this.#rate ??= new RateMeter(now, report.resumedBytes);
    this.#rate?.note(now, position);
    const bytesPerSecond = Math.round(this.#rate?.bytesPerSecond(now, position) ?? 0);
    const missingBytes = Math.max(0, this.job.bytes - position);
    return {
      ...this.#idleStatus(runner.state),
      verifiedBytes: runner.verifiedBytes,
      bytesPerSecond,
      ...(bytesPerSecond > 0 ? { remainingMs: Math.round((missingBytes / bytesPerSecond) * 1000) } : {}),
      ...(sinceProgressMs === undefined ? {} : { sinceProgressMs: Math.round(sinceProgressMs) }),
      transferMs: runner.transferMs,
      totalMs: runner.totalMs,
      ...(report === undefined ? {} : { report }),
    };
  }

  #idleStatus(state: DownloadState): DownloadStatus {
    const { id, name, bytes, output, failure } = this.job;
    return {
      id,
      name,
      state,
      bytes,
      output,
      verifiedBytes: this.#claimedBytes,
      bytesPerSecond: 0,
      transferMs: 0,
      totalMs: 0,
      startedAt: this.#startedAt,
      ...(failure === undefined || !ENDED.has(state) ? {} : { failure }),
    };
  }
}

/** The running download serves whoever asks for the same content, unless they want it elsewhere. */
export function attach(entry: DownloadEntry, output: OutputPath | undefined): DownloadStatus {
  if (output !== undefined && output.path !== entry.job.output) {
    throw new Failure('ALREADY_EXISTS', `this content is being downloaded to "${entry.job.output}"; wait for that, or cancel it first`);
  }
  return entry.status();
}
