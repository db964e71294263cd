import type { Codec, FileId, PeerId } from '@p2p/protocol';
import type { Logger } from '@p2p/service';
import type { BufferShares } from './buffer-shares.js';
import type { Clock } from './clock.js';
import type { DownloadMetrics } from './download-metrics.js';
import type { FlightRecord } from './flight/flight-record.js';
import type { PartFile } from './part-file.js';
import type { ReceiverLoad } from './receiver-load.js';
import type { SegmentArena } from './segment-arena.js';
import type { SourcePool } from './source-pool.js';
import type { DownloadTrace } from './trace/download-trace.js';

export interface TransferSessionComponents {
  readonly arena: SegmentArena;
  readonly bufferShares: BufferShares;
  readonly load: Pick<ReceiverLoad, 'isBound' | 'received'>;
  readonly pool: SourcePool;
  readonly part: PartFile;
  readonly metrics: DownloadMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface TransferSessionOptions {
  readonly file: FileId;
  readonly self: PeerId;
  readonly seed: number;
  readonly holderWaitMs: number;
  /** Where a recording goes; empty for none. */
  readonly recordDir: string;
  readonly codecs: readonly Codec[];
  /** Asked for each time: a record may begin while the transfer runs. */
  readonly flight: () => FlightRecord | undefined;
  readonly trace: DownloadTrace | undefined;
  readonly onVerified: (segment: number) => void;
}
