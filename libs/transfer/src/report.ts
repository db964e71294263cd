import type { RedistributionReason } from './commands.js';
import type { SourceId } from './source.js';

/** What one source did for a download. */
export interface SourceReport {
  readonly source: SourceId;
  readonly segments: number;
  readonly fileBytes: number;
  readonly wireBytes: number;
  /** Current estimate, bytes of file a second; 0 when nothing has come. */
  readonly bytesPerSecond: number;
  readonly inFlight: number;
  readonly state: 'active' | 'busy' | 'draining' | 'lost' | 'quarantined';
}

/** The account of a download, at any moment. Durations are the runner's to add. */
export interface TransferReport {
  readonly segmentCount: number;
  readonly segmentsVerified: number;
  /** Of those, verified before this run began. */
  readonly segmentsResumed: number;
  readonly fileBytes: number;
  readonly verifiedBytes: number;
  readonly resumedBytes: number;
  readonly redistributed: Readonly<Record<RedistributionReason, number>>;
  readonly hedged: number;
  /** Bytes of body received that did not become a verified segment. */
  readonly wastedBytes: number;
  /** All bytes of body received. */
  readonly wireBytes: number;
  readonly rejected: number;
  /** Since when it waits for a holder, in ms of the event clock. */
  readonly waitingSince: number | undefined;
  readonly sources: readonly SourceReport[];
}
