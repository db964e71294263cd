import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type RegistryContentType } from 'prom-client';
import { EVENT_LOOP_SAMPLE_MS } from '../limits.js';
import type { MetricsDocument } from '../ops/ops-server.js';
import { Distribution } from './distribution.js';
import type { MetricDefinition } from './metric-definition.js';
import { BUILD_INFO_NAME } from './metric-names.js';
import { seriesOf, type SeriesOf } from './series.js';
import { Tally } from './tally.js';

export interface BuildInfo {
  readonly app: string;
  readonly version: string;
}

/**
 * A process's metrics, made from their definitions with every series there from the start, beside Node's default ones
 * and what was built. The only file that knows prom-client.
 */
export class MetricSet {
  readonly #registry = new Registry();
  readonly #distributions: { readonly definition: MetricDefinition; readonly all: readonly Distribution[] }[] = [];
  /** The registry speaks one language at a time. */
  #speaking: Promise<unknown> = Promise.resolve();

  constructor({ app, version }: BuildInfo) {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
    new Gauge({
      name: BUILD_INFO_NAME,
      help: 'Always 1: what runs.',
      labelNames: ['app', 'version', 'node_version'],
      registers: [this.#registry],
    }).set({ app, version, node_version: process.versions.node }, 1);
  }

  counter(definition: MetricDefinition): Counter {
    const counter = new Counter(this.#configuration(definition));
    for (const labels of definition.series) counter.inc(labels, 0);
    return counter;
  }

  histogram(definition: MetricDefinition): Histogram {
    const histogram = new Histogram({ ...this.#configuration(definition), buckets: [...(definition.buckets ?? [])] });
    for (const labels of definition.series) histogram.zero(labels);
    return histogram;
  }

  /** A counter or a gauge that changes with every segment. */
  tallies(definition: MetricDefinition): SeriesOf<Tally> {
    const { all, of } = seriesOf(definition, (labels) => ({ labels, tally: new Tally() }));
    const metric: Counter | Gauge = new (definition.type === 'counter' ? Counter : Gauge)({
      ...this.#configuration(definition),
      collect: () => {
        for (const { labels, tally } of all) metric.inc(labels, tally.take());
      },
    });
    return (labels) => of(labels).tally;
  }

  /** A histogram of something that every segment has. */
  distributions(definition: MetricDefinition): SeriesOf<Distribution> {
    const { name, buckets = [] } = definition;
    const { all, of } = seriesOf(definition, (labels) => new Distribution(name, buckets, labels));
    this.#distributions.push({ definition, all });
    return of;
  }

  gauge(definition: MetricDefinition): Gauge {
    const gauge = new Gauge(this.#configuration(definition));
    for (const labels of definition.series) gauge.set(labels, 0);
    return gauge;
  }

  /** A gauge without labels that is read when someone scrapes. */
  gaugeOf(definition: MetricDefinition, read: () => number | Promise<number>): void {
    const gauge: Gauge = new Gauge({
      ...this.#configuration(definition),
      collect: async () => {
        gauge.set(await read());
      },
    });
  }

  /** In OpenMetrics when the reader takes that and there are exemplars, which only that can tell. */
  document({ takesOpenMetrics = false } = {}): Promise<MetricsDocument> {
    const spoken = this.#speaking.then(() => (takesOpenMetrics && this.#hasExemplars ? this.#openMetrics() : this.#text()));
    this.#speaking = spoken.catch(() => undefined);
    return spoken;
  }

  get #hasExemplars(): boolean {
    return this.#distributions.some(({ all }) => all.some((each) => each.hasExemplars));
  }

  async #text({ withExemplars = false } = {}): Promise<MetricsDocument> {
    const own = this.#distributions.flatMap(({ definition: { name, help, type }, all }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...all.flatMap((each) => each.lines({ withExemplars })),
    ]);
    // Ours first: the registry's ends with the document's end.
    return { contentType: this.#registry.contentType, body: [...own, await this.#registry.metrics()].join('\n') };
  }

  async #openMetrics(): Promise<MetricsDocument> {
    // prom-client takes the "_total" from the counters' own names for this, and does not give it back.
    const names = this.#registry.getMetricsAsArray().map((metric) => ({ metric, name: metric.name }));
    this.#speak(Registry.OPENMETRICS_CONTENT_TYPE);
    try {
      return await this.#text({ withExemplars: true });
    } finally {
      this.#speak(Registry.PROMETHEUS_CONTENT_TYPE);
      for (const { metric, name } of names) metric.name = name;
    }
  }

  /** Its type holds for the language it began with alone. */
  #speak(contentType: RegistryContentType): void {
    (this.#registry as unknown as Registry<RegistryContentType>).setContentType(contentType);
  }

  #configuration({ name, help, labelNames }: MetricDefinition) {
    return { name, help, labelNames: [...labelNames], registers: [this.#registry] };
  }
}
