import type { Bitmap } from '@p2p/protocol';
import type { Arrival, SourceId } from './source.js';

/** Numbers a request within a download; never used twice. */
export type RequestId = number;

/** Why a source did not deliver, without being lost for it. */
export type Refusal =
  /** At one of its bounds: ask later. */
  | { readonly kind: 'busy'; readonly retryAfterMs: number }
  /** It leaves: it finishes what it owes and takes nothing new. */
  | { readonly kind: 'draining' }
  /** It does not have this segment (any more). */
  | { readonly kind: 'not_held' }
  /** It failed at it in another way, for instance reading its disk. */
  | { readonly kind: 'failed' };

/** What happens to a download. The runner reports it; tests and simulations make it up. */
export type TransferEvent =
  /** A source is connected and has told what it has. Also after it was lost and came back. `paceBytesPerSecond`: what it says its artificial delay allows, 0 for none. */
  | { readonly kind: 'source_joined'; readonly source: SourceId; readonly have: 'complete' | Bitmap; readonly paceBytesPerSecond: number }
  | { readonly kind: 'source_gained'; readonly source: SourceId; readonly segments: readonly number[] }
  | { readonly kind: 'source_completed'; readonly source: SourceId }
  | { readonly kind: 'source_draining'; readonly source: SourceId }
  /** Its connection is gone, or it withdrew the file. Everything it owed is redistributed at once. */
  | { readonly kind: 'source_left'; readonly source: SourceId }
  /** Bytes came over the connection to this source. `request` is absent when they were for another download: it lives. */
  | { readonly kind: 'bytes_received'; readonly source: SourceId; readonly request?: RequestId; readonly wireBytes: number }
  /** The segment is whole in its buffer and goes to be decoded, verified and written. Its source is free for more. */
  | { readonly kind: 'segment_received'; readonly request: RequestId; readonly arrival: Arrival }
  /** It matched its hash and is on disk; its buffer is free. */
  | { readonly kind: 'segment_verified'; readonly request: RequestId }
  /** It did not match its hash, or could not be decoded; its buffer is free. */
  | { readonly kind: 'segment_corrupt'; readonly request: RequestId }
  | { readonly kind: 'request_refused'; readonly request: RequestId; readonly refusal: Refusal }
  /** A cancelled request is over; its buffer is free. Bytes of it were reported as they came. */
  | { readonly kind: 'request_cancelled'; readonly request: RequestId }
  /** The number of segment buffers that this download may occupy has changed. */
  | { readonly kind: 'buffers_granted'; readonly segmentsMax: number }
  /** Time passed; sent at the latest when `nextWakeAt` says. */
  | { readonly kind: 'tick' };
