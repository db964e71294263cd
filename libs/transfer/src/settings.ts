import type { Bitmap } from '@p2p/protocol';
import type { SourceId } from './source.js';

/** What a download is started with. */
export interface TransferSettings {
  readonly fileBytes: number;
  /** Segments already verified on disk. */
  readonly verified: Bitmap;
  /** What this downloader is called as a source of others. Without it, it takes no turns with them (`turns.ts`). */
  readonly self?: SourceId;
  /** Seeds the order of ties, so that downloaders of one file want different segments first. u32. */
  readonly seed: number;
  /** How long to wait for a holder when there is none, in ms; counted anew from each verified segment. */
  readonly holderWaitMs: number;
  /** Segment buffers to start with; changed by `buffers_granted`. At least 1. */
  readonly buffersMax: number;
  /** The clock of the first event, in ms. */
  readonly now: number;
}
