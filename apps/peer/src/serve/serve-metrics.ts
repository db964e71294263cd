import type { Codec } from '@p2p/protocol';
import type { UPLOAD_OUTCOMES } from '@p2p/service';

export type ServeOutcome = (typeof UPLOAD_OUTCOMES)[number];

export interface ServedSegment {
  readonly outcome: ServeOutcome;
  /** `identity` where it did not come to a choice. */
  readonly codec: Codec;
  /** From the request to the last byte with the kernel. */
  readonly seconds: number;
  /** Bytes of body that left. */
  readonly wireBytes: number;
  /** Bytes of file they stand for; 0 unless sent. */
  readonly fileBytes: number;
  /** The trace that it is part of, if any. */
  readonly traceId?: string | undefined;
}

/** Where serving counts what it does; filled by whoever keeps the process's metrics. */
export interface ServeMetrics {
  segmentServed(segment: ServedSegment): void;
  /** More (+1) or fewer (-1) segments in work. */
  inFlight(delta: number): void;
}
