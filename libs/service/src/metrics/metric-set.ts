import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type RegistryContentType } from 'prom-client';
import type { MetricsDocument } from '../ops/ops-server.js';
import type { Labels, MetricDefinition } from './metric-definition.js';
import { BUILD_INFO_NAME } from './metric-names.js';

export interface BuildInfo {
  readonly app: string;
  readonly version: string;
}

/** Counts a value, and which trace it is from. */
export type TracedObserve = (labels: Labels, value: number, traceId: string | undefined) => void;

/**
 * A process's metrics, made from their definitions with every series there from the start, beside Node's default ones
 * and what was built. The only file that knows prom-client.
 */
export class MetricSet {
  readonly #registry = new Registry();
  #hasExemplars = false;
  /** The registry speaks one language at a time. */
  #speaking: Promise<unknown> = Promise.resolve();

  constructor({ app, version }: BuildInfo) {
    collectDefaultMetrics({ register: this.#registry });
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

  /** A histogram whose buckets remember the trace of a value that had one. */
  tracedHistogram(definition: MetricDefinition): TracedObserve {
    // prom-client takes it for a registry that speaks OpenMetrics only.
    this.#speak(Registry.OPENMETRICS_CONTENT_TYPE);
    const settings = { ...this.#configuration(definition), buckets: [...(definition.buckets ?? [])] };
    const histogram = new Histogram({ ...settings, enableExemplars: true });
    this.#speak(Registry.PROMETHEUS_CONTENT_TYPE);
    for (const labels of definition.series) histogram.zero(labels);
    return (labels, value, traceId) => {
      if (traceId === undefined) return histogram.observe({ labels, value, exemplarLabels: {} });
      this.#hasExemplars = true;
      histogram.observe({ labels, value, exemplarLabels: { trace_id: traceId } });
    };
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

  async #text(): Promise<MetricsDocument> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  async #openMetrics(): Promise<MetricsDocument> {
    // prom-client takes the "_total" from the counters' own names for this, and does not give it back.
    const names = this.#registry.getMetricsAsArray().map((metric) => ({ metric, name: metric.name }));
    this.#speak(Registry.OPENMETRICS_CONTENT_TYPE);
    try {
      return await this.#text();
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
