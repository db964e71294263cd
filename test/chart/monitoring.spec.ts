/** What Prometheus Operators and Grafanas of the cluster are given: nothing, unless a value says so. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { HELMS, refusal, render } from './helm.ts';

const GRAFANA = fileURLToPath(new URL('../../grafana/', import.meta.url));
const on = { enabled: true };
const SCRAPED = {
  matchLabels: { 'app.kubernetes.io/name': 'p2p', 'app.kubernetes.io/instance': 'p2p' },
  matchExpressions: [{ key: 'app.kubernetes.io/component', operator: 'In', values: ['diary', 'peer'] }],
};
/** `release` is what the dashboards choose by; the operator adds namespace and pod. */
const ENDPOINT = {
  port: 'metrics',
  path: '/metrics',
  interval: '5s',
  relabelings: [{ sourceLabels: ['__meta_kubernetes_pod_label_app_kubernetes_io_instance'], targetLabel: 'release' }],
};

/** The values of `monitoring` and the only object that they add. */
const ADDED = [
  { name: 'podMonitor', kind: 'PodMonitor' },
  { name: 'serviceMonitor', kind: 'ServiceMonitor' },
  { name: 'prometheusRule', kind: 'PrometheusRule' },
  { name: 'dashboards', kind: 'ConfigMap' },
];

describe.each(HELMS)('on Helm %i', (major) => {
  it.each(ADDED)('$name adds a $kind and nothing else', async ({ name, kind }) => {
    const [without, withIt] = await Promise.all([render({}, { major }), render({ monitoring: { [name]: on } }, { major })]);
    const kinds = (all: readonly { kind: string }[]): readonly string[] => all.map((each) => each.kind).toSorted();
    expect(kinds(withIt.all)).toEqual([...kinds(without.all), kind].toSorted());
  });
});

it('a PodMonitor selects the diary and the peers by their port, with the labels it is found by', async () => {
  const { one } = await render({ monitoring: { podMonitor: { enabled: true, interval: '5s', labels: { release: 'stack' } } } });
  const { metadata, spec } = one('PodMonitor');
  expect(metadata.labels).toMatchObject({ release: 'stack' });
  expect(spec).toEqual({ selector: SCRAPED, podMetricsEndpoints: [ENDPOINT] });
  for (const kind of ['Deployment', 'StatefulSet']) {
    expect(one(kind).spec.template.metadata.labels).toMatchObject(SCRAPED.matchLabels);
    expect(one(kind).spec.template.spec.containers[0].ports).toContainEqual(expect.objectContaining({ name: 'metrics' }));
  }
});

it('a ServiceMonitor selects the Services, which have a port for metrics only then', async () => {
  const { one } = await render({ diary: { metricsPort: 9000 }, monitoring: { serviceMonitor: { enabled: true, interval: '5s' } } });
  expect(one('ServiceMonitor').spec).toEqual({ selector: SCRAPED, endpoints: [ENDPOINT] });
  const port = (number: number): object => ({ name: 'metrics', port: number, targetPort: 'metrics', protocol: 'TCP' });
  expect(one('Service', '-diary').spec).toMatchObject({ ports: [{ name: 'diary' }, port(9000)] });
  expect(one('Service', '-peer').spec).toMatchObject({ ports: [{ name: 'peer' }, port(9464)] });
  expect((await render()).one('Service', '-peer').spec).toMatchObject({ ports: [{ name: 'peer' }] });
});

it('two monitors would count every pod twice, and are refused', async () => {
  expect(await refusal({ monitoring: { podMonitor: on, serviceMonitor: on } })).toContain('every pod would be counted twice: enable one');
});

it('the PrometheusRule has the rules of grafana/, word for word', async () => {
  const { one } = await render({ monitoring: { prometheusRule: { enabled: true, labels: { release: 'stack' } } } });
  expect(one('PrometheusRule').spec).toEqual(parse(readFileSync(`${GRAFANA}rules/p2p.rules.yaml`, 'utf8')));
  expect(one('PrometheusRule').metadata.labels).toMatchObject({ release: 'stack' });
});

it('the ConfigMap has every dashboard of grafana/, and the label of the sidecar', async () => {
  const { one } = await render({ monitoring: { dashboards: { enabled: true, annotations: { grafana_folder: 'P2P' } } } });
  const { metadata, data } = one('ConfigMap');
  const names = readdirSync(`${GRAFANA}dashboards`);
  expect(Object.keys(data ?? {}).toSorted()).toEqual(names.toSorted());
  for (const name of names) {
    expect(JSON.parse(data?.[name] ?? '')).toEqual(JSON.parse(readFileSync(`${GRAFANA}dashboards/${name}`, 'utf8')));
  }
  expect(metadata.labels).toMatchObject({ grafana_dashboard: '1' });
  expect(metadata.annotations).toEqual({ grafana_folder: 'P2P' });
});

it('the label of the sidecar can be another', async () => {
  const { one } = await render({ monitoring: { dashboards: { enabled: true, label: 'boards', labelValue: 'yes' } } });
  expect(one('ConfigMap').metadata.labels).toMatchObject({ boards: 'yes' });
  expect(one('ConfigMap').metadata.labels).not.toHaveProperty('grafana_dashboard');
});
