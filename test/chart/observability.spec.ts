/** The Prometheus and the Grafana that a release may bring along. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { lacksPrograms } from '../../scripts/test/lacks.mjs';
import { DASHBOARDS } from '../seeing/dashboards.ts';
import { CHART, environment, helm, HELMS, refusal, render } from './helm.ts';
import type { Manifest } from './manifest.ts';

const ON = { observability: { enabled: true } };
const lacksPromtool = lacksPrograms(['promtool'], 'apt-get install prometheus')();
const mustRun = process.env['P2P_TEST_REQUIRE'] === 'all';

const named = (all: readonly Manifest[]): readonly string[] => all.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

describe.each(HELMS)('on Helm %i', (major) => {
  it('one value adds a Prometheus and a Grafana, and nothing that may ask the API server', async () => {
    const [without, withIt] = await Promise.all([render({}, { major }), render(ON, { major })]);
    const before = new Set(named(without.all));
    expect(
      named(withIt.all)
        .filter((name) => !before.has(name))
        .toSorted(),
    ).toEqual([
      'ConfigMap p2p-dashboards',
      'ConfigMap p2p-grafana',
      'ConfigMap p2p-prometheus',
      'Deployment p2p-grafana',
      'Deployment p2p-prometheus',
      'NetworkPolicy p2p-grafana',
      'NetworkPolicy p2p-prometheus',
      'Service p2p-grafana',
      'Service p2p-prometheus',
    ]);
  });
});

it('the notes tell the one command that shows the dashboards', async () => {
  const words = ['install', 'p2p', CHART, '--dry-run=client', '--namespace', 'lab'];
  const { stdout, stderr } = await helm(words, { values: ON });
  expect(stdout + stderr).toContain('kubectl -n lab port-forward service/p2p-grafana 3000');
});

it('without its Grafana there is only the Prometheus', async () => {
  const { all } = await render({ observability: { enabled: true, grafana: { enabled: false } } });
  expect(named(all).filter((name) => /grafana|dashboards/.test(name))).toEqual([]);
  expect(named(all)).toContain('Deployment p2p-prometheus');
});

describe('each of the two', async () => {
  const { all, one } = await render(ON);

  it.each(['-prometheus', '-grafana'])('%s keeps to the restricted standard, with a fixed image and bounds', (name) => {
    const { spec } = one('Deployment', name).spec.template;
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    const [container] = spec.containers;
    expect(container.image).toMatch(/^docker\.io\/(prom\/prometheus:v|grafana\/grafana:)\d+\.\d+\.\d+$/);
    expect(container.resources).toMatchObject({ requests: { memory: '128Mi' }, limits: {} });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const volumes = new Set(spec.volumes?.map((volume) => (volume as { readonly name: string }).name));
    for (const mount of container.volumeMounts) expect(volumes).toContain((mount as { readonly name: string }).name);
  });

  it('is reached by its Service, and by nobody but Grafana and port-forward', () => {
    for (const name of ['-prometheus', '-grafana']) {
      const { matchLabels } = one('Deployment', name).spec.selector;
      expect(one('Service', name).spec.selector).toEqual(matchLabels);
      expect(one('NetworkPolicy', name).spec).toMatchObject({ podSelector: { matchLabels }, policyTypes: ['Ingress'] });
    }
    const { matchLabels } = one('Deployment', '-grafana').spec.selector;
    expect(one('NetworkPolicy', '-prometheus').spec.ingress).toEqual([
      { from: [{ podSelector: { matchLabels } }], ports: [{ port: 'http', protocol: 'TCP' }] },
    ]);
    expect(one('NetworkPolicy', '-grafana').spec.ingress).toEqual([]);
  });

  it('is no peer to the policies, the budget and the Services of the peers', () => {
    const selectors = all.filter(({ kind }) => ['Service', 'PodDisruptionBudget'].includes(kind)).map(({ spec }) => JSON.stringify(spec));
    expect(selectors.filter((text) => !text.includes('app.kubernetes.io/component'))).toEqual([]);
  });
});

it('others are let in by value, and the Prometheus where metricsFrom keeps others out', async () => {
  const west = { namespaceSelector: { matchLabels: { name: 'west' } } };
  const { one } = await render({ observability: { enabled: true, allowFrom: [west] }, networkPolicy: { metricsFrom: [west] } });
  expect(one('NetworkPolicy', '-grafana').spec.ingress[0].from).toEqual([west]);
  expect(one('NetworkPolicy', '-peer').spec.ingress[1].from).toEqual([
    west,
    { podSelector: one('Deployment', '-prometheus').spec.selector },
  ]);
});

interface Scraping {
  readonly scrape_configs: readonly [{ readonly dns_sd_configs: readonly object[]; readonly static_configs?: readonly object[] }];
}

describe('the Prometheus', () => {
  it('finds the peers and the diary by name, wherever they are and however they are called', async () => {
    const { one } = await render({ ...ON, fullnameOverride: 'swarm', diary: { metricsPort: 9000 } });
    const { scrape_configs } = parse(one('ConfigMap', '-prometheus').data?.['prometheus.yml'] ?? '') as Scraping;
    expect(scrape_configs[0]).toMatchObject({
      dns_sd_configs: [{ names: ['_metrics._tcp.swarm-peer.lab.svc'], type: 'SRV' }],
      static_configs: [{ targets: ['swarm-diary.lab.svc:9000'] }],
    });
    expect(one('Service', 'swarm-peer').spec).toMatchObject({ ports: [{ name: 'peer' }, { name: 'metrics', port: 9464 }] });
  });

  it('leaves out a diary that is not of the release', async () => {
    const { one } = await render({ ...ON, diary: { enabled: false }, peer: { diary: 'west-diary:4100' } });
    const { scrape_configs } = parse(one('ConfigMap', '-prometheus').data?.['prometheus.yml'] ?? '') as Scraping;
    expect(scrape_configs[0].static_configs).toBeUndefined();
  });

  it('starts anew with another configuration', async () => {
    const [five, one] = await Promise.all([
      render(ON),
      render({ observability: { enabled: true, prometheus: { scrapeInterval: '1s', retention: '2d' } } }),
    ]);
    const checksum = ({ one: find }: typeof one): unknown => find('Deployment', '-prometheus').spec.template.metadata.annotations;
    expect(checksum(one)).not.toEqual(checksum(five));
  });

  it.skipIf(lacksPromtool !== undefined && !mustRun)('has a configuration and rules that promtool accepts', async () => {
    const { one } = await render(ON);
    const folder = await mkdtemp(join(tmpdir(), 'p2p-promtool-'));
    try {
      const files = Object.entries(one('ConfigMap', '-prometheus').data ?? {});
      for (const [name, text] of files) await writeFile(join(folder, name), text);
      const { stdout } = await promisify(execFile)('promtool', ['check', 'config', join(folder, 'prometheus.yml')]);
      expect(stdout).toContain('SUCCESS: 9 rules found');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

it('Grafana is given its data source and the folder in which the dashboards are mounted', async () => {
  const { one } = await render(ON);
  const { data } = one('ConfigMap', '-grafana');
  const env = environment(one('Deployment', '-grafana'));
  expect(parse(data?.['datasources.yaml'] ?? '')).toMatchObject({ datasources: [{ type: 'prometheus', url: '$P2P_PROMETHEUS_URL' }] });
  expect(env['P2P_PROMETHEUS_URL']).toBe(`http://${one('Service', '-prometheus').metadata.name}:9090`);
  const { providers } = parse(data?.['dashboards.yaml'] ?? '') as {
    readonly providers: readonly [{ readonly options: { readonly path: string } }];
  };
  const [{ options }] = providers;
  const [container] = one('Deployment', '-grafana').spec.template.spec.containers;
  expect(container.volumeMounts).toContainEqual({ name: 'dashboards', mountPath: options.path, readOnly: true });
  expect(env['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']?.replace(`${options.path}/`, '')).toBe('p2p-downloads.json');
  expect(Object.keys(one('ConfigMap', '-dashboards').data ?? {})).toHaveLength(DASHBOARDS.length);
  expect(one('ConfigMap', '-dashboards').metadata.labels).not.toHaveProperty('grafana_dashboard');
});

describe('refused are', () => {
  it.each([
    [{ prometheus: { image: { tag: 'latest' } } }, /prometheus.image.tag/],
    [{ prometheus: { image: { digest: 'sha256:12' } } }, /prometheus.image.digest/],
    [{ prometheus: { scrapeInterval: '1m' } }, /prometheus.scrapeInterval/],
    [{ prometheus: { retention: 'forever' } }, /prometheus.retention/],
    [{ grafana: { runAsUser: 0 } }, /grafana.runAsUser/],
    [{ grafana: { password: 'x' } }, /grafana.*password/],
  ])('%j', async (observability, message) => {
    expect((await refusal({ observability })).replaceAll('\n', ' ').replaceAll('/', '.')).toMatch(message);
  });
});
