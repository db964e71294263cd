import type { Labels, MetricDefinition } from './metric-definition.js';

/** Finds the series with these labels. Throws when the metric's definition has none. To be asked once, not for every value. */
export type SeriesOf<S> = (labels: Labels) => S;

/** What `make` makes of each series of a metric, to be found by its labels. */
export function seriesOf<S>(
  { name, labelNames, series }: MetricDefinition,
  make: (labels: Labels) => S,
): { all: readonly S[]; of: SeriesOf<S> } {
  const keyOf = (labels: Labels): string => labelNames.map((label) => labels[label]).join(' ');
  const byKey = new Map(series.map((labels) => [keyOf(labels), make(labels)]));
  const of = (labels: Labels): S => {
    const found = byKey.get(keyOf(labels));
    if (found === undefined) throw new Error(`${name} has no series ${JSON.stringify(labels)}`);
    return found;
  };
  return { all: [...byKey.values()], of };
}
