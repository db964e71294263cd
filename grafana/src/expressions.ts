// PromQL, put together from the metrics that the programs have: a name that is none of theirs does not compile.
import type { MetricDefinition } from '@p2p/service';

/** What the dashboards' variables choose. Series of plain processes, without these labels, are matched too where all is chosen. */
const CHOSEN = 'namespace=~"$namespace", release=~"$release", pod=~"$pod"';

/** The window of a rate: at least four scrapes, whatever the dashboard's zoom. */
const WINDOW = '$__rate_interval';

type Matchers = Readonly<Record<string, string>>;

/** The series of a metric that the variables choose, with these labels. */
export function series({ name }: Pick<MetricDefinition, 'name'>, matchers: Matchers = {}, suffix = ''): string {
  const more = Object.entries(matchers).map(([label, value]) => `, ${label}="${value}"`);
  return `${name}${suffix}{${CHOSEN}${more.join('')}}`;
}

/** How fast a counter rises, a second, summed to the labels that are kept. */
export function rate(metric: Pick<MetricDefinition, 'name'>, by: readonly string[], matchers: Matchers = {}, suffix = ''): string {
  return sum(`rate(${series(metric, matchers, suffix)}[${WINDOW}])`, by);
}

/** By how much a counter rose in the time that the dashboard shows. */
export function increase(metric: Pick<MetricDefinition, 'name'>, by: readonly string[], matchers: Matchers = {}, suffix = ''): string {
  return sum(`increase(${series(metric, matchers, suffix)}[$__range])`, by);
}

export function sum(expression: string, by: readonly string[] = []): string {
  return by.length === 0 ? `sum(${expression})` : `sum by (${by.join(', ')}) (${expression})`;
}

/** A quantile of a histogram, of what was observed in the window. */
export function quantile(q: number, metric: MetricDefinition, by: readonly string[] = [], matchers: Matchers = {}): string {
  return `histogram_quantile(${q}, ${rate(metric, ['le', ...by], matchers, '_bucket')})`;
}

/** One of Node's default metrics. */
export function node(name: string): Pick<MetricDefinition, 'name'> {
  return { name };
}

/** How late event loops were, p99, in seconds. They are looked at every so often, and what is told is the time from one look to the next. */
export function eventLoopLag(): string {
  return `${series(node('nodejs_eventloop_lag_p99_seconds'))} - ${series(node('nodejs_eventloop_lag_min_seconds'))}`;
}
