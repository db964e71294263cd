import type { RequestId } from './events.js';
import type { LossReason, SourceId } from './source.js';

/** Why a segment is asked for (again). */
export type RequestCause = 'first' | 'redistributed' | 'hedge';

/** Why a segment moved from one holder to another: the label of `p2p_segments_redistributed_total`. */
export type RedistributionReason = 'source_left' | 'source_silent' | 'source_slow' | 'corrupt' | 'refused';

/** What the runner is to do. */
export type TransferCommand =
  | {
      readonly kind: 'request';
      readonly request: RequestId;
      readonly source: SourceId;
      readonly segment: number;
      readonly cause: RequestCause;
    }
  /** Tell the source to stop; the runner answers with `request_cancelled` when the buffer is free. */
  | { readonly kind: 'cancel'; readonly request: RequestId; readonly source: SourceId }
  /** A segment that `source` owed, or that it served badly, is to come from another. For counting; the request follows when one is free. */
  | { readonly kind: 'redistributed'; readonly segment: number; readonly source: SourceId; readonly reason: RedistributionReason }
  /** Close the connection: nothing has come for too long. The runner may connect again and report `source_joined`. */
  | { readonly kind: 'disconnect'; readonly source: SourceId; readonly reason: LossReason }
  /** Ask this source for nothing of this file again; dispute the segment with it. */
  | { readonly kind: 'quarantine'; readonly source: SourceId; readonly segment: number }
  /** Look for other holders: these do not suffice. Repeated at most once a second. */
  | { readonly kind: 'find_holders' }
  /** Nobody has the rest: waiting for a holder until `until` (ms on the event clock). Said once when the wait begins. */
  | { readonly kind: 'waiting'; readonly until: number }
  /** The wait is over: a holder appeared. */
  | { readonly kind: 'resumed' }
  /** Every segment is verified. */
  | { readonly kind: 'finish' }
  /** Nobody appeared in time; what is verified stays. */
  | { readonly kind: 'fail'; readonly code: 'NO_HOLDERS' };
