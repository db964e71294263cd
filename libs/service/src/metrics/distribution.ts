import type { Labels } from './metric-definition.js';

/** A value that stands for others of its bucket, and the trace that it is from. */
interface Exemplar {
  readonly traceId: string;
  readonly value: number;
  /** Seconds since 1970. */
  readonly seenAt: number;
}

/**
 * One series of a histogram of something that every segment has: a comparison a bucket and two additions.
 * prom-client's own `observe` looks the labels and the bucket up by their text, several microseconds each time, and so
 * does the writing of it.
 */
export class Distribution {
  readonly #bounds: readonly number[];
  /** What each bucket's line begins with, and those of sum and count. */
  readonly #bucketNames: readonly string[];
  readonly #sumName: string;
  readonly #countName: string;
  /** How many values each bucket alone has; the last one those over every bound. */
  readonly #counts: number[];
  readonly #exemplars: (Exemplar | undefined)[];
  #sum = 0;

  /** Of the histogram `name`. `bounds`: upper bounds of the buckets, ascending. */
  constructor(name: string, bounds: readonly number[], labels: Labels) {
    const own = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const all = [...bounds.map(String), '+Inf'];
    this.#bounds = bounds;
    this.#bucketNames = all.map((bound) => `${name}_bucket{${[`le="${bound}"`, ...own].join(',')}} `);
    this.#sumName = `${name}_sum{${own.join(',')}} `;
    this.#countName = `${name}_count{${own.join(',')}} `;
    this.#counts = all.map(() => 0);
    this.#exemplars = all.map(() => undefined);
  }

  /** `traceId`: of the trace that the value is from, to be its bucket's exemplar. */
  observe(value: number, traceId?: string): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (value > (bounds[bucket] ?? Infinity)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
    if (traceId !== undefined) this.#exemplars[bucket] = { traceId, value, seenAt: Date.now() / 1000 };
  }

  get hasExemplars(): boolean {
    return this.#exemplars.some((exemplar) => exemplar !== undefined);
  }

  /**
   * Its lines in Prometheus' text format: buckets, each with those before it, sum and count. With exemplars they are
   * OpenMetrics' (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md).
   */
  lines({ withExemplars }: { readonly withExemplars: boolean }): string[] {
    let count = 0;
    const buckets = this.#bucketNames.map((name, bucket) => {
      count += this.#counts[bucket] ?? 0;
      const exemplar = withExemplars ? this.#exemplars[bucket] : undefined;
      return exemplar === undefined
        ? name + count
        : `${name}${count} # {trace_id="${exemplar.traceId}"} ${exemplar.value} ${exemplar.seenAt}`;
    });
    return [...buckets, this.#sumName + this.#sum, this.#countName + count];
  }
}
