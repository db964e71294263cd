import type { Logger, Tracer } from '@p2p/service';
import type { CompressionMode } from '@p2p/transfer';
import type { Holdings } from '../holdings/holdings.js';
import { COMPRESSED_CACHE_BYTES_MAX, UPLOAD_BUFFERS_IDLE_MS, UPLOAD_BYTES_MAX, UPLOADS_WAITING_MAX } from '../limits.js';
import { AvailabilityFeeds } from './availability-feeds.js';
import { CompressedCache } from './compressed-cache.js';
import { Compressor } from './compressor.js';
import { Disputes, type BytesHasher } from './disputes.js';
import { SegmentEncoder } from './segment-encoder.js';
import { SegmentServer } from './segment-server.js';
import type { ServeMetrics } from './serve-metrics.js';
import { ServeLoad } from './serve-load.js';
import { ServeState, type UploadStatus } from './serve-state.js';
import { UploadBuffers } from './upload-buffers.js';

export interface ServeComponents {
  readonly holdings: Holdings;
  readonly hasher: BytesHasher;
  readonly metrics: ServeMetrics;
  readonly logger: Logger;
  readonly tracer: Tracer;
}

export interface ServeOptions {
  /** This peer's id, for `peer.hello`. */
  readonly peer: string;
  readonly packetDelayMs: number;
  readonly packetBytes: number;
  readonly compression: CompressionMode;
  readonly uploadBytesMax?: number;
  readonly uploadsWaitingMax?: number;
}

/** Everything that serves other peers, put together. */
export class Serve {
  readonly options: ServeOptions;
  readonly segments: SegmentServer;
  readonly availability: AvailabilityFeeds;
  readonly disputes: Disputes;
  readonly buffers: UploadBuffers;
  readonly #state: ServeState;

  constructor(components: ServeComponents, options: ServeOptions) {
    const { holdings, hasher, metrics, logger, tracer } = components;
    this.options = options;
    this.#state = new ServeState(metrics);
    this.buffers = new UploadBuffers({
      bytesMax: options.uploadBytesMax ?? UPLOAD_BYTES_MAX,
      waitingMax: options.uploadsWaitingMax ?? UPLOADS_WAITING_MAX,
      idleMs: UPLOAD_BUFFERS_IDLE_MS,
    });
    const encoder = new SegmentEncoder(
      { compressor: new Compressor(), cache: new CompressedCache({ bytesMax: COMPRESSED_CACHE_BYTES_MAX }) },
      { mode: options.compression },
    );
    this.segments = new SegmentServer({ holdings, buffers: this.buffers, encoder, state: this.#state, load: new ServeLoad(), tracer });
    this.availability = new AvailabilityFeeds({ holdings, state: this.#state });
    this.disputes = new Disputes({ holdings, hasher, logger });
  }

  get status(): UploadStatus {
    return this.#state.status;
  }

  get isDraining(): boolean {
    return this.#state.isDraining;
  }

  /** Takes no new requests and tells watchers so. Resolves when running uploads have ended (true), or after `deadlineMs` (false). */
  drain(deadlineMs: number): Promise<boolean> {
    return this.#state.drain(deadlineMs);
  }

  /** Ends watches and gives memory back. The connections are their server's to close. */
  close(): void {
    this.availability.close();
    this.buffers.close();
  }
}
