import type { Codec, PeerId } from '@p2p/protocol';
import type { Logger, Tracer } from '@p2p/service';
import type { Directory } from '../directory/directory.js';
import type { Holdings } from '../holdings/holdings.js';
import type { PeerLinks } from '../links/peer-link.js';
import type { Shares } from '../share/shares.js';
import type { BufferShares } from './buffer-shares.js';
import type { Clock } from './clock.js';
import type { DownloadMetrics } from './download-metrics.js';
import type { FlightRecords } from './flight/flight-records.js';
import type { JobStore } from './job-store.js';
import type { OwnLoad } from './own-load.js';
import type { ReceiverLoad } from './receiver-load.js';
import type { SegmentArena } from './segment-arena.js';
import type { SegmentWorkerClient } from './segment-worker-client.js';
import type { LookupTimes } from './target-resolution.js';

export interface DownloadRunnerComponents {
  readonly directory: Directory;
  readonly links: PeerLinks;
  readonly holdings: Holdings;
  readonly shares: Shares;
  readonly store: JobStore;
  readonly arena: SegmentArena;
  readonly bufferShares: BufferShares;
  readonly worker: SegmentWorkerClient;
  readonly load: Pick<ReceiverLoad, 'isBound' | 'received'>;
  readonly own: Pick<OwnLoad, 'over'>;
  readonly metrics: DownloadMetrics;
  readonly tracer: Tracer;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

export interface DownloadRunnerOptions {
  readonly self: PeerId;
  readonly sourcesMax: number;
  readonly holderWaitMs: number;
  /** Where recordings go; empty for none. */
  readonly recordDir: string;
  readonly codecs: readonly Codec[];
  readonly downloadsFolder: string;
  readonly flights: FlightRecords;
  readonly lookup?: LookupTimes | undefined;
  /** The state has changed. */
  readonly onChange: () => void;
  /** The size of the file is another than the job says. */
  readonly onSize: (bytes: number) => void;
  /** A segment was verified. */
  readonly onProgress: () => void;
}

/** What holds for every run. */
export type DownloadRunnerSettings = Omit<
  DownloadRunnerOptions,
  'downloadsFolder' | 'flights' | 'lookup' | 'onChange' | 'onSize' | 'onProgress'
>;
