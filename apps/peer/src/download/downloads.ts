import type { FailureCode, FileId } from '@p2p/protocol';
import type { TransferReport } from '@p2p/transfer';
import type { Observable } from 'rxjs';
import type { FlightLine } from './flight/flight-line.js';

/** Where a download stands. */
export type DownloadState =
  /** Waits for one of `P2P_MAX_DOWNLOADS` places. */
  | 'queued'
  /** Looks the file up and fetches its manifest. */
  | 'preparing'
  /** Verifies what an earlier run left on disk. */
  | 'verifying'
  | 'transferring'
  /** Nobody has the rest. */
  | 'waiting'
  /** Syncs and moves the file into place. */
  | 'finishing'
  | 'done'
  | 'failed'
  | 'cancelled';

/** A download as the control API shows it. All durations in ms, all rates in bytes a second. */
export interface DownloadStatus {
  readonly id: FileId;
  readonly name: string;
  readonly state: DownloadState;
  readonly bytes: number;
  readonly output: string;
  readonly verifiedBytes: number;
  /** Of the last seconds; 0 when nothing came. */
  readonly bytesPerSecond: number;
  /** At the present rate; absent when that is 0. */
  readonly remainingMs?: number;
  /** Since the last verified segment, while transferring or waiting. */
  readonly sinceProgressMs?: number;
  /** While waiting for a holder: until it gives up. */
  readonly waitRemainingMs?: number;
  /** From the first request for a segment to the last verified byte. */
  readonly transferMs: number;
  /** From the beginning of this run to the file in its place. */
  readonly totalMs: number;
  readonly startedAt: string;
  readonly report?: TransferReport;
  readonly failure?: { readonly code: FailureCode; readonly message: string };
}

export interface StartOptions {
  readonly output?: string;
  readonly overwrite?: boolean;
  /** Keep a flight record, for `Downloads.trace`. */
  readonly trace?: boolean;
}

/** The downloads of this peer: jobs kept on disk, which outlive whoever asked for them, and restarts. */
export interface Downloads {
  list(): readonly DownloadStatus[];
  /**
   * Starts a download, or attaches to the running one of the same content. `target` is a name or a file id; `output` an
   * absolute path (default: `downloads/NAME` in the data directory). Throws `NOT_FOUND`, `AMBIGUOUS_NAME`,
   * `DIARY_UNREACHABLE`, `ALREADY_EXISTS` (another file is at `output`, and `overwrite` is not set), `BUSY`.
   */
  start(target: string, options: StartOptions): Promise<DownloadStatus>;
  /** The download now and whenever it moves (at most ten times a second), until it has ended. Throws `NOT_FOUND`. */
  watch(id: FileId): Observable<DownloadStatus>;
  /** What happened in a download that was started, or attached to, with `trace`; so far, or to its end. Throws `NOT_FOUND`. */
  trace(id: FileId): Iterable<FlightLine>;
  /** Stops a download by name or id and keeps what it has; `discard` removes that too. Throws `NOT_FOUND`. */
  cancel(target: string, options: { readonly discard: boolean }): Promise<DownloadStatus>;
}

export const DOWNLOADS = Symbol('Downloads');
