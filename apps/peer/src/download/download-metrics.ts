import type { Codec } from '@p2p/protocol';
import type { DOWNLOAD_OUTCOMES, SEGMENT_PHASES } from '@p2p/service';
import type { RedistributionReason, SpeedLimit } from '@p2p/transfer';

type SegmentPhase = (typeof SEGMENT_PHASES)[number];

/** How a request for a segment ended. */
export type SegmentOutcome = (typeof DOWNLOAD_OUTCOMES)[number];

/** Why something a holder sent was not accepted. */
export type RejectionReason = 'failed_verification' | 'oversize' | 'malformed';

/** What the downloads count. All durations in seconds. */
export interface DownloadMetrics {
  segmentTransfer(observed: {
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
