// What compose.yaml brings along with `--profile observability`. The services without it are the program's own.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly hostname?: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const read = (name: string): unknown => parse(readFileSync(path(name), 'utf8'), { merge: true });
const { services } = read('compose.yaml') as { readonly services: Readonly<Record<string, Service>> };
const { prometheus, grafana, ...own } = services;

it('only the profile starts Prometheus and Grafana, confined and for this machine alone', () => {
  expect(Object.values(own).filter(({ profiles }) => profiles !== undefined)).toEqual([]);
  for (const service of [prometheus, grafana]) {
    expect(service).toMatchObject({ profiles: ['observability'], read_only: true, cap_drop: ['ALL'] });
    expect(service?.ports?.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  }
});

it('they are the images of the chart', () => {
  const { observability } = read('charts/values.yaml') as {
    readonly observability: Readonly<Record<string, { readonly image: { readonly repository: string; readonly tag: string } }>>;
  };
  for (const [name, service] of Object.entries({ prometheus, grafana })) {
    const image = observability[name]?.image;
    expect(service?.image).toBe(`${image?.repository ?? ''}:${image?.tag ?? ''}`);
  }
});

it('Prometheus scrapes every program, with a configuration that promtool accepts', async () => {
  const config = read('grafana/compose/prometheus.yml') as {
    readonly scrape_configs: readonly [{ readonly static_configs: readonly { readonly targets: readonly string[] }[] }];
  };
  const targets = config.scrape_configs[0].static_configs.flatMap((each) => each.targets);
  expect(targets.toSorted()).toEqual(
    Object.values(own)
      .map(({ hostname }) => `${hostname ?? ''}:9464`)
      .toSorted(),
  );
  const { stdout } = await promisify(execFile)('promtool', ['check', 'config', path('grafana/compose/prometheus.yml')]);
  expect(stdout).toContain('SUCCESS: 9 rules found');
});

it('Grafana finds what it is given', () => {
  const mounts = (grafana?.volumes ?? []).map((mount) => mount.split(':'));
  for (const [from = ''] of mounts) expect(existsSync(path(from)), from).toBe(true);
  const { providers } = read('grafana/provisioning/dashboards/p2p.yaml') as {
    readonly providers: readonly [{ readonly options: { readonly path: string } }];
  };
  expect(mounts.map(([, to]) => to)).toContain(providers[0].options.path);
  expect(grafana?.environment['P2P_PROMETHEUS_URL']).toBe('http://prometheus:9090');
  expect(existsSync(path(grafana?.environment['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']?.replace('/etc/p2p/', 'grafana/') ?? ''))).toBe(
    true,
  );
});
