import { CODECS, type Codec, type FailureCode } from '@p2p/protocol';
import { DOWNLOAD_OUTCOMES, MetricSet, PEER_METRICS, SEGMENT_PHASES, UPLOAD_OUTCOMES } from '@p2p/service';
import type { Distribution, MetricsDocument, Tally } from '@p2p/service';
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
  readonly #segmentTransfer = this.#set.distributions(PEER_METRICS.segmentTransfer);
  readonly #segmentPhase = this.#set.distributions(PEER_METRICS.segmentPhase);
  readonly #transferBytes = this.#set.tallies(PEER_METRICS.transferBytes);
  readonly #compressionSaved = this.#set.tallies(PEER_METRICS.compressionSaved);
  readonly #inFlight = this.#set.tallies(PEER_METRICS.segmentsInFlight);
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
  readonly downloads: DownloadMetrics = this.#ofDownloads();

  /** What serving counts here. */
  readonly serving: ServeMetrics = this.#ofServing();

  document(reader?: { readonly takesOpenMetrics: boolean }): Promise<MetricsDocument> {
    return this.#set.document(reader);
  }

  #ofDownloads(): DownloadMetrics {
    const direction = 'download';
    const transfers = this.#transfersOf(direction, DOWNLOAD_OUTCOMES);
    const phases = tableOf(SEGMENT_PHASES, (phase) => this.#segmentPhase({ phase }));
    const bytes = this.#bytesOf(direction);
    const saved = this.#compressionSaved({ direction });
    const inFlight = this.#inFlight({ direction });
    return {
      segmentTransfer: ({ outcome, codec, seconds, traceId }) => transfers[outcome][codec].observe(seconds, traceId),
      phase: ({ phase, seconds }) => phases[phase].observe(seconds),
      bytes: ({ form, count }) => bytes[form].add(count),
      compressionSaved: (count) => saved.add(count),
      inFlight: (delta) => inFlight.add(delta),
      redistributed: (reason) => this.#redistributed.inc({ reason }),
      hedged: () => this.#hedged.inc(),
      wasted: (count) => this.#wasted.inc(count),
      rejected: (reason) => this.#rejected.inc({ reason }),
      limited: (by, seconds) => this.#downloadLimited.inc({ by }, seconds),
      downloadEnded: ({ outcome, transferSeconds, totalSeconds }) => {
        this.#downloadDuration.observe({ phase: 'transfer', outcome }, transferSeconds);
        this.#downloadDuration.observe({ phase: 'total', outcome }, totalSeconds);
      },
    };
  }

  #ofServing(): ServeMetrics {
    const direction = 'upload';
    const transfers = this.#transfersOf(direction, UPLOAD_OUTCOMES);
    const bytes = this.#bytesOf(direction);
    const saved = this.#compressionSaved({ direction });
    const inFlight = this.#inFlight({ direction });
    return {
      segmentServed: ({ outcome, codec, seconds, wireBytes, fileBytes, traceId }) => {
        transfers[outcome][codec].observe(seconds, traceId);
        bytes.wire.add(wireBytes);
        bytes.file.add(fileBytes);
        if (outcome === 'sent' && fileBytes > wireBytes) saved.add(fileBytes - wireBytes);
      },
      inFlight: (delta) => inFlight.add(delta),
    };
  }

  #transfersOf<O extends string>(direction: string, outcomes: readonly O[]): Record<O, Record<Codec, Distribution>> {
    return tableOf(outcomes, (outcome) => tableOf(CODECS, (codec) => this.#segmentTransfer({ direction, outcome, codec })));
  }

  #bytesOf(direction: string): Record<'wire' | 'file', Tally> {
    return tableOf(['wire', 'file'], (form) => this.#transferBytes({ direction, form }));
  }
}

/** What every segment changes is looked up once. */
function tableOf<K extends string, V>(keys: readonly K[], make: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<K, V>;
}
