import type { Codec, FileId } from '@p2p/protocol';
import type { LimitShares, RedistributionReason, RequestCause } from '@p2p/transfer';
import type { SegmentOutcome } from '../download-metrics.js';

/** What a flight record begins with. All times in it are ms since `startedAt`, with fractions. */
export interface FlightHead {
  readonly kind: 'download';
  readonly version: 1;
  readonly id: FileId;
  readonly name: string;
  readonly bytes: number;
  /** When the record began, as ISO 8601 with ms: to be laid beside other clocks. */
  readonly startedAt: string;
  /** When it was read. */
  readonly untilMs: number;
  /** Lines that did not fit. */
  readonly dropped: number;
}

/** One segment asked of one source, from asking to its end. */
export interface FlightAttempt {
  readonly kind: 'attempt';
  readonly segment: number;
  readonly source: string;
  readonly cause: RequestCause;
  readonly codec: Codec;
  readonly rawBytes: number;
  readonly wireBytes: number;
  readonly askedMs: number;
  /** Absent when nothing came. */
  readonly firstByteMs?: number;
  /** The last byte. Absent when it did not come whole. */
  readonly receivedMs?: number;
  /** Verified and written, or given up. */
  readonly endedMs: number;
  readonly outcome: SegmentOutcome;
  /** Where the time after the last byte went, of one that was received; in ms. */
  readonly queueMs?: number;
  readonly decompressMs?: number;
  readonly verifyMs?: number;
  readonly writeMs?: number;
}

/** A segment that one source owed is to come from another. */
export interface FlightRedistribution {
  readonly kind: 'redistributed';
  readonly segment: number;
  readonly source: string;
  readonly reason: RedistributionReason;
  readonly atMs: number;
}

/** What bounded the speed in a span of time: the share of it that each was at its bound. */
export interface FlightLimits extends LimitShares {
  readonly kind: 'limits';
  readonly fromMs: number;
  readonly untilMs: number;
}

export type FlightLine = FlightHead | FlightAttempt | FlightRedistribution | FlightLimits;
