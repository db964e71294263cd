import type { Labels } from './metric-definition.js';

/** One line of a histogram as prom-client's registry writes it. */
export interface Sample {
  readonly metricName: string;
  readonly labels: Labels;
  /** Labels that many samples share as one object: written once and remembered. */
  readonly sharedLabels: Labels;
  readonly value: number;
  readonly exemplar?: Exemplar | undefined;
}

interface Exemplar {
  readonly labelSet: Labels;
  readonly value: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

/**
 * One series of a histogram of something that every segment has: a comparison a bucket and two additions.
 * prom-client's own `observe` looks the labels and the bucket up by their text, several microseconds each time.
 */
export class Distribution {
  readonly #bounds: readonly number[];
  readonly #labels: Labels;
  /** How many values each bucket alone has; the last one those over every bound. */
  readonly #counts: number[];
  readonly #exemplars: (Exemplar | undefined)[];
  #sum = 0;

  /** `bounds`: upper bounds of the buckets, ascending. */
  constructor(bounds: readonly number[], labels: Labels) {
    this.#bounds = bounds;
    this.#labels = labels;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
    this.#exemplars = Array.from({ length: bounds.length + 1 });
  }

  /** `traceId`: of the trace that the value is from, to be its bucket's exemplar. */
  observe(value: number, traceId?: string): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (value > (bounds[bucket] ?? Infinity)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
    if (traceId !== undefined) this.#exemplars[bucket] = { labelSet: { trace_id: traceId }, value, timestamp: Date.now() / 1000 };
  }

  get hasExemplars(): boolean {
    return this.#exemplars.some((exemplar) => exemplar !== undefined);
  }

  /** The lines of the histogram `name` that are of this series: buckets, each with those before it, sum and count. */
  samples(name: string): Sample[] {
    let count = 0;
    const buckets = this.#counts.map((own, bucket) => ({
      metricName: `${name}_bucket`,
      labels: { le: String(this.#bounds[bucket] ?? '+Inf') },
      sharedLabels: this.#labels,
      value: (count += own),
      exemplar: this.#exemplars[bucket],
    }));
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, sharedLabels: this.#labels, value: this.#sum },
      { metricName: `${name}_count`, labels: {}, sharedLabels: this.#labels, value: count },
    ];
  }
}
