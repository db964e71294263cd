import { CODECS, type FailureCode } from '@p2p/protocol';
import type { MetricsDocument } from '@p2p/service';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { DownloadMetrics, DownloadSnapshot } from '../download/download-metrics.js';
import type { ServeMetrics } from '../serve/serve-metrics.js';

/** From a segment on a fast LAN (1 ms) to one on a link of 17 KiB/s (60 s). */
const SEGMENT_SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Phases inside a process begin at tens of microseconds. */
const PHASE_SECONDS_BUCKETS = [0.0001, 0.00025, 0.0005, ...SEGMENT_SECONDS_BUCKETS];

const DOWNLOAD_SECONDS_BUCKETS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

const DIRECTIONS = ['download', 'upload'] as const;
const OUTCOMES = {
  download: ['verified', 'corrupt', 'refused', 'cancelled', 'lost'],
  upload: ['sent', 'cancelled', 'lost', 'refused', 'failed'],
} as const;
const PHASES = ['queue', 'first_byte', 'body', 'decompress', 'verify', 'write'] as const;
const REDISTRIBUTION_REASONS = ['source_left', 'source_silent', 'source_slow', 'corrupt', 'refused'] as const;
const REJECTION_REASONS = ['failed_verification', 'oversize', 'malformed'] as const;
/** The codes that frames are refused for. */
const FRAME_REJECTION_CODES = ['BAD_REQUEST', 'LIMIT_EXCEEDED', 'TIMED_OUT', 'BUSY', 'INTERNAL'] as const;
const DOWNLOAD_OUTCOMES = ['done', 'failed', 'cancelled'] as const;

/** What is true now, read when someone scrapes. */
export interface PeerGauges {
  downloads(): DownloadSnapshot;
  freeBytes(): Promise<number>;
}

/**
 * A peer's metrics, and the only file of it that knows prom-client. Every label's values are there from the start, so
 * that no rate begins at a gap; none of them is a file name or a peer id, so that their number is bounded.
 */
export class PeerMetrics {
  readonly #registry = new Registry();
  readonly #segmentTransfer = new Histogram({
    name: 'p2p_segment_transfer_duration_seconds',
    help: 'From asking for a segment (download) or being asked (upload) to its end, by how it ended and how it was encoded.',
    labelNames: ['direction', 'outcome', 'codec'] as const,
    buckets: SEGMENT_SECONDS_BUCKETS,
    registers: [this.#registry],
  });
  readonly #segmentPhase = new Histogram({
    name: 'p2p_segment_phase_duration_seconds',
    help: 'Where the time of a downloaded segment goes.',
    labelNames: ['phase'] as const,
    buckets: PHASE_SECONDS_BUCKETS,
    registers: [this.#registry],
  });
  readonly #transferBytes = this.#counter(
    'p2p_transfer_bytes_total',
    'Bytes of segments moved: wire as they were encoded, file as they are once decoded and verified.',
    ['direction', 'form'],
  );
  readonly #inFlight = new Gauge({
    name: 'p2p_segments_in_flight',
    help: 'Segments asked for and not yet received (download), or asked of us and not yet sent (upload).',
    labelNames: ['direction'] as const,
    registers: [this.#registry],
  });
  readonly #redistributed = this.#counter(
    'p2p_segments_redistributed_total',
    'Segments that one holder owed and another was to deliver, by why.',
    ['reason'],
  );
  readonly #hedged = this.#counter('p2p_segments_hedged_total', 'Segments asked of a second holder because the first was slow.');
  readonly #wasted = this.#counter('p2p_hedge_wasted_bytes_total', 'Bytes received that did not become a verified segment.');
  readonly #rejected = this.#counter('p2p_segments_rejected_total', 'Segments received and not accepted, by why.', ['reason']);
  readonly #framesRejected = this.#counter(
    'p2p_frames_rejected_total',
    'Frames that broke a bound or were not what they must be; their connection was cut off.',
    ['reason'],
  );
  readonly #downloadDuration = new Histogram({
    name: 'p2p_download_duration_seconds',
    help: 'Duration of ended downloads: the parallel transfer alone, and in total.',
    labelNames: ['phase', 'outcome'] as const,
    buckets: DOWNLOAD_SECONDS_BUCKETS,
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    for (const direction of DIRECTIONS) {
      for (const outcome of OUTCOMES[direction]) {
        for (const codec of CODECS) this.#segmentTransfer.zero({ direction, outcome, codec });
      }
      for (const form of ['wire', 'file']) this.#transferBytes.inc({ direction, form }, 0);
      this.#inFlight.set({ direction }, 0);
    }
    for (const phase of PHASES) this.#segmentPhase.zero({ phase });
    for (const reason of REDISTRIBUTION_REASONS) this.#redistributed.inc({ reason }, 0);
    for (const reason of REJECTION_REASONS) this.#rejected.inc({ reason }, 0);
    for (const reason of FRAME_REJECTION_CODES) this.#framesRejected.inc({ reason }, 0);
    for (const outcome of DOWNLOAD_OUTCOMES) {
      for (const phase of ['transfer', 'total']) this.#downloadDuration.zero({ phase, outcome });
    }
  }

  /** Adds the gauges. To be called once. */
  observe(gauges: PeerGauges): void {
    this.#gauge('p2p_downloads_active', 'Downloads under way.', () => gauges.downloads().active);
    this.#gauge('p2p_downloads_queued', 'Downloads waiting for a place.', () => gauges.downloads().queued);
    this.#gauge('p2p_download_sources', 'Connected sources of all active downloads.', () => gauges.downloads().sources);
    this.#gauge(
      'p2p_download_progress_ratio',
      'Verified over wanted bytes of all active downloads; 1 when there is none.',
      () => gauges.downloads().progressRatio,
    );
    this.#gauge(
      'p2p_download_last_progress_timestamp_seconds',
      'When a segment was last verified, in seconds since 1970; 0 before the first.',
      () => gauges.downloads().lastProgressAt,
    );
    this.#gauge('p2p_data_free_bytes', 'Free bytes where downloads are written.', () => gauges.freeBytes());
  }

  frameRejected(reason: FailureCode): void {
    this.#framesRejected.inc({ reason });
  }

  /** What the downloads count here. */
  readonly downloads: DownloadMetrics = {
    segmentTransfer: ({ outcome, codec, seconds }) => this.#segmentTransfer.observe({ direction: 'download', outcome, codec }, seconds),
    phase: ({ phase, seconds }) => this.#segmentPhase.observe({ phase }, seconds),
    bytes: ({ form, count }) => this.#transferBytes.inc({ direction: 'download', form }, count),
    inFlight: (delta) => this.#inFlight.inc({ direction: 'download' }, delta),
    redistributed: (reason) => this.#redistributed.inc({ reason }),
    hedged: () => this.#hedged.inc(),
    wasted: (bytes) => this.#wasted.inc(bytes),
    rejected: (reason) => this.#rejected.inc({ reason }),
    downloadEnded: ({ outcome, transferSeconds, totalSeconds }) => {
      this.#downloadDuration.observe({ phase: 'transfer', outcome }, transferSeconds);
      this.#downloadDuration.observe({ phase: 'total', outcome }, totalSeconds);
    },
  };

  /** What serving counts here. */
  readonly serving: ServeMetrics = {
    segmentServed: ({ outcome, codec, seconds, wireBytes, fileBytes }) => {
      this.#segmentTransfer.observe({ direction: 'upload', outcome, codec }, seconds);
      this.#transferBytes.inc({ direction: 'upload', form: 'wire' }, wireBytes);
      this.#transferBytes.inc({ direction: 'upload', form: 'file' }, fileBytes);
    },
    inFlight: (delta) => this.#inFlight.inc({ direction: 'upload' }, delta),
  };

  async document(): Promise<MetricsDocument> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #counter<const L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #gauge(name: string, help: string, read: () => number | Promise<number>): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect: async () => {
        gauge.set(await read());
      },
    });
  }
}
