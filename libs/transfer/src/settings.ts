import type { Bitmap } from '@p2p/protocol';

/** What a download is started with. */
export interface TransferSettings {
  readonly fileBytes: number;
  /** Segments already verified on disk. */
  readonly verified: Bitmap;
  /** Seeds the order of ties, so that downloaders of one file want different segments first. u32. */
  readonly seed: number;
  /** How long to wait for a holder when there is none, in ms; counted anew from each verified segment. */
  readonly holderWaitMs: number;
  /** Segment buffers to start with; changed by `buffers_granted`. At least 1. */
  readonly buffersMax: number;
  /** The clock of the first event, in ms. */
  readonly now: number;
}
