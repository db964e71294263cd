import { DIARY_METRICS, MetricSet, type MetricsDocument } from '@p2p/service';
import { packageVersion } from './version.js';

/** What is counted now, read when someone scrapes. */
export interface DiaryCounts {
  readonly peers: number;
  readonly files: number;
  readonly watchers: number;
}

/** The diary's metrics, as libs/service/src/metrics/metric-names.ts lists them. */
export class DiaryMetrics {
  readonly #set = new MetricSet({ app: 'diary', version: packageVersion() });
  readonly requestDuration = this.#set.histogram(DIARY_METRICS.requestDuration);
  readonly departures = this.#set.counter(DIARY_METRICS.departures);
  readonly framesRejected = this.#set.counter(DIARY_METRICS.framesRejected);
  readonly requestsRefused = this.#set.counter(DIARY_METRICS.requestsRefused);

  /** Adds the gauges of what `counts` tells. To be called once. */
  observe(counts: () => Promise<DiaryCounts>): void {
    this.#set.gaugeOf(DIARY_METRICS.peers, async () => (await counts()).peers);
    this.#set.gaugeOf(DIARY_METRICS.files, async () => (await counts()).files);
    this.#set.gaugeOf(DIARY_METRICS.watchers, async () => (await counts()).watchers);
  }

  document(): Promise<MetricsDocument> {
    return this.#set.document();
  }
}
