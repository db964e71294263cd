import type { FailureCode } from '@p2p/protocol';
import { MetricSet, PEER_METRICS, type MetricsDocument } from '@p2p/service';
import { packageVersion } from '../cli/version.js';
import type { DownloadMetrics, DownloadSnapshot } from '../download/download-metrics.js';
import type { ServeMetrics } from '../serve/serve-metrics.js';

/** What is true now, read when someone scrapes. */
export interface PeerGauges {
  downloads(): DownloadSnapshot;
  freeBytes(): Promise<number>;
}

/** A peer's metrics, as libs/service/src/metrics/metric-names.ts lists them. */
export class PeerMetrics {
  readonly #set = new MetricSet({ app: 'peer', version: packageVersion() });
  readonly #segmentTransfer = this.#set.tracedHistogram(PEER_METRICS.segmentTransfer);
  readonly #segmentPhase = this.#set.histogram(PEER_METRICS.segmentPhase);
  readonly #transferBytes = this.#set.counter(PEER_METRICS.transferBytes);
  readonly #compressionSaved = this.#set.counter(PEER_METRICS.compressionSaved);
  readonly #inFlight = this.#set.gauge(PEER_METRICS.segmentsInFlight);
  readonly #redistributed = this.#set.counter(PEER_METRICS.redistributed);
  readonly #hedged = this.#set.counter(PEER_METRICS.hedged);
  readonly #wasted = this.#set.counter(PEER_METRICS.hedgeWasted);
  readonly #rejected = this.#set.counter(PEER_METRICS.rejected);
  readonly #framesRejected = this.#set.counter(PEER_METRICS.framesRejected);
  readonly #requestsRefused = this.#set.counter(PEER_METRICS.requestsRefused);
  readonly #downloadLimited = this.#set.counter(PEER_METRICS.downloadLimited);
  readonly #downloadDuration = this.#set.histogram(PEER_METRICS.downloadDuration);

  /** Adds the gauges. To be called once. */
  observe(gauges: PeerGauges): void {
    this.#set.gaugeOf(PEER_METRICS.downloadsActive, () => gauges.downloads().active);
    this.#set.gaugeOf(PEER_METRICS.downloadsQueued, () => gauges.downloads().queued);
    this.#set.gaugeOf(PEER_METRICS.downloadSources, () => gauges.downloads().sources);
    this.#set.gaugeOf(PEER_METRICS.downloadProgress, () => gauges.downloads().progressRatio);
    this.#set.gaugeOf(PEER_METRICS.downloadLastProgress, () => gauges.downloads().lastProgressAt);
    this.#set.gaugeOf(PEER_METRICS.dataFreeBytes, () => gauges.freeBytes());
  }

  frameRejected(reason: FailureCode): void {
    this.#framesRejected.inc({ reason });
  }

  requestRefused(reason: FailureCode): void {
    this.#requestsRefused.inc({ reason });
  }

  /** What the downloads count here. */
  readonly downloads: DownloadMetrics = {
    segmentTransfer: ({ outcome, codec, seconds, traceId }) =>
      this.#segmentTransfer({ direction: 'download', outcome, codec }, seconds, traceId),
    phase: ({ phase, seconds }) => this.#segmentPhase.observe({ phase }, seconds),
    bytes: ({ form, count }) => this.#transferBytes.inc({ direction: 'download', form }, count),
    compressionSaved: (bytes) => this.#compressionSaved.inc({ direction: 'download' }, bytes),
    inFlight: (delta) => this.#inFlight.inc({ direction: 'download' }, delta),
    redistributed: (reason) => this.#redistributed.inc({ reason }),
    hedged: () => this.#hedged.inc(),
    wasted: (bytes) => this.#wasted.inc(bytes),
    rejected: (reason) => this.#rejected.inc({ reason }),
    limited: (by, seconds) => this.#downloadLimited.inc({ by }, seconds),
    downloadEnded: ({ outcome, transferSeconds, totalSeconds }) => {
      this.#downloadDuration.observe({ phase: 'transfer', outcome }, transferSeconds);
      this.#downloadDuration.observe({ phase: 'total', outcome }, totalSeconds);
    },
  };

  /** What serving counts here. */
  readonly serving: ServeMetrics = {
    segmentServed: ({ outcome, codec, seconds, wireBytes, fileBytes, traceId }) => {
      this.#segmentTransfer({ direction: 'upload', outcome, codec }, seconds, traceId);
      this.#transferBytes.inc({ direction: 'upload', form: 'wire' }, wireBytes);
      this.#transferBytes.inc({ direction: 'upload', form: 'file' }, fileBytes);
      if (outcome === 'sent' && fileBytes > wireBytes) this.#compressionSaved.inc({ direction: 'upload' }, fileBytes - wireBytes);
    },
    inFlight: (delta) => this.#inFlight.inc({ direction: 'upload' }, delta),
  };

  document(reader?: { readonly takesOpenMetrics: boolean }): Promise<MetricsDocument> {
    return this.#set.document(reader);
  }
}
