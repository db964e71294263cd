import type { Codec } from '@p2p/protocol';
import type { RedistributionReason, SpeedLimit } from '@p2p/transfer';

/** Where the time of a segment goes. `queue`: whole in its buffer, until the worker takes it up. */
export type SegmentPhase = 'queue' | 'first_byte' | 'body' | 'decompress' | 'verify' | 'write';

/** How a request for a segment ended. */
export type SegmentOutcome = 'verified' | 'corrupt' | 'refused' | 'cancelled' | 'lost';

/** Why something a holder sent was not accepted. */
export type RejectionReason = 'failed_verification' | 'oversize' | 'malformed';

/** What the downloads count. All durations in seconds. Calls are frequent and must be cheap. */
export interface DownloadMetrics {
  segmentTransfer(observed: {
    readonly direction: 'download';
    readonly outcome: SegmentOutcome;
    readonly codec: Codec;
    readonly seconds: number;
    /** The trace that it is part of, if any. */
    readonly traceId?: string | undefined;
  }): void;
  phase(observed: { readonly phase: SegmentPhase; readonly seconds: number }): void;
  /** `wire`: bytes of body received; `file`: bytes of file verified and written. */
  bytes(counted: { readonly form: 'wire' | 'file'; readonly count: number }): void;
  /** Bytes of a verified segment that compression kept off the wire. */
  compressionSaved(bytes: number): void;
  inFlight(delta: 1 | -1): void;
  redistributed(reason: RedistributionReason): void;
  hedged(): void;
  /** Bytes received that became no segment. */
  wasted(bytes: number): void;
  rejected(reason: RejectionReason): void;
  /** A running download was bounded by this for so many seconds. */
  limited(limit: SpeedLimit, seconds: number): void;
  downloadEnded(observed: {
    readonly outcome: 'done' | 'failed' | 'cancelled';
    readonly transferSeconds: number;
    readonly totalSeconds: number;
  }): void;
}

/** For the gauges, taken when somebody scrapes. */
export interface DownloadSnapshot {
  readonly active: number;
  readonly queued: number;
  /** Connected sources of all active downloads; one that serves two counts twice. */
  readonly sources: number;
  /** Verified over wanted bytes of all active downloads; 1 when there is none. */
  readonly progressRatio: number;
  /** Seconds since 1970 of the last verified segment; 0 before the first. */
  readonly lastProgressAt: number;
}

const nothing = (): void => undefined;

/** Counts nothing. */
export const noDownloadMetrics: DownloadMetrics = {
  segmentTransfer: nothing,
  phase: nothing,
  bytes: nothing,
  compressionSaved: nothing,
  inFlight: nothing,
  redistributed: nothing,
  hedged: nothing,
  wasted: nothing,
  rejected: nothing,
  limited: nothing,
  downloadEnded: nothing,
};
