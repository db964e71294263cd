/** A value for each label of a metric: one series. */
export type Labels = Readonly<Record<string, string>>;

/** One metric as the programs make it and the dashboards read it. */
export interface MetricDefinition {
  /** Snake case, in base units, the unit last; counters end in `_total`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Every series there can be. All exist from the start, so that no rate begins at a gap and no panel of errors is empty. */
  readonly series: readonly Labels[];
  /** Upper bounds of a histogram's buckets, in the unit of the name, ascending. */
  readonly buckets?: readonly number[];
}

type LabelValues = Readonly<Record<string, readonly string[]>>;

/** Every combination of the values: for labels that do not depend on each other. */
export function everyCombination(values: LabelValues): readonly Labels[] {
  return Object.entries(values).reduce<readonly Labels[]>(
    (series, [label, each]) => series.flatMap((labels) => each.map((value) => ({ ...labels, [label]: value }))),
    [{}],
  );
}

export function counter(name: string, help: string, values: LabelValues = {}): MetricDefinition {
  return { name, type: 'counter', help, labelNames: Object.keys(values), series: everyCombination(values) };
}

export function gauge(name: string, help: string, values: LabelValues = {}): MetricDefinition {
  return { name, type: 'gauge', help, labelNames: Object.keys(values), series: everyCombination(values) };
}

export function histogram(name: string, help: string, buckets: readonly number[], series: readonly Labels[] = [{}]): MetricDefinition {
  return { name, type: 'histogram', help, labelNames: Object.keys(series[0] ?? {}), series, buckets };
}
