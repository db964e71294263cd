import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricsDocument } from '../ops/ops-server.js';
import type { MetricDefinition } from './metric-definition.js';
import { BUILD_INFO_NAME } from './metric-names.js';

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

  async document(): Promise<MetricsDocument> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #configuration({ name, help, labelNames }: MetricDefinition) {
    return { name, help, labelNames: [...labelNames], registers: [this.#registry] };
  }
}
