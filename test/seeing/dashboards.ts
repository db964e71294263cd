// The dashboards as they are committed: what Grafana loads.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Target {
  readonly expr: string;
  readonly legendFormat?: string;
}

export interface Panel {
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly targets?: readonly Target[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query?: unknown; readonly definition?: string }[] };
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr?: string }[] };
}

const FOLDER = fileURLToPath(new URL('../../grafana/dashboards/', import.meta.url));

export const RULES_FILE = fileURLToPath(new URL('../../grafana/rules/p2p.rules.yaml', import.meta.url));

export const DASHBOARDS: readonly Dashboard[] = readdirSync(FOLDER).map(
  (name) => JSON.parse(readFileSync(FOLDER + name, 'utf8')) as Dashboard,
);

/** The panels that show something: rows only part them. */
export const PANELS = DASHBOARDS.flatMap(({ title: dashboard, panels }) =>
  panels.filter(({ type }) => type !== 'row').map((panel) => ({ dashboard, title: panel.title, panel })),
);

/** The expression that marks on a dashboard when a peer departed. */
export function departuresOf({ annotations }: Dashboard): string {
  const { expr } = annotations.list.find(({ name }) => name === 'A peer departed') ?? {};
  if (expr === undefined) throw new Error('the dashboard marks no departures');
  return expr;
}

/** What Grafana would put in for a dashboard of the last minutes, in seconds. */
export const SECONDS_SHOWN = 90;

export interface Choice {
  readonly namespace?: string;
  readonly release?: string;
  /** What a rate is taken over. */
  readonly interval?: string;
}

/** The expression as Grafana sends it when all is chosen, or only this namespace and release. */
export function chosen(expression: string, { namespace = '.*', release = '.*', interval = '10s' }: Choice = {}): string {
  return expression
    .replaceAll('$namespace', namespace)
    .replaceAll('$release', release)
    .replaceAll('$pod', '.*')
    .replaceAll('$__rate_interval', interval)
    .replaceAll('$__range', `${SECONDS_SHOWN}s`);
}
