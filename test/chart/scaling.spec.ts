/** What becomes of `kubectl scale` at the next upgrade: a server that answers like Kubernetes' API stands for the cluster. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HELMS, render } from './helm.ts';

const STATEFUL_SETS = '/apis/apps/v1/namespaces/lab/statefulsets/p2p-peer';
/** What the chart renders, as the server would tell it: Helm looks every kind up. */
const KINDS: Record<string, readonly string[]> = {
  v1: ['Service', 'ServiceAccount', 'Pod'],
  'apps/v1': ['Deployment', 'StatefulSet'],
  'policy/v1': ['PodDisruptionBudget'],
  'networking.k8s.io/v1': ['NetworkPolicy'],
};
const groups = Object.keys(KINDS).filter((version) => version.includes('/'));
const ANSWERS: Record<string, object> = {
  '/version': { major: '1', minor: '34', gitVersion: 'v1.34.4' },
  '/api': { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] },
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groups.map((groupVersion) => {
      const [name, version] = groupVersion.split('/');
      return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
    }),
  },
  ...Object.fromEntries(
    Object.entries(KINDS).map(([groupVersion, kinds]) => [
      groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`,
      {
        kind: 'APIResourceList',
        groupVersion,
        resources: kinds.map((kind) => {
          const singularName = kind.toLowerCase();
          const name = singularName.endsWith('y') ? `${singularName.slice(0, -1)}ies` : `${singularName}s`;
          return { name, singularName, namespaced: true, kind, verbs: ['get', 'list'] };
        }),
      },
    ]),
  ),
};

let server: Server;
let folder: string;
let live: object | undefined;

beforeAll(async () => {
  server = createServer(({ url = '' }, response) => {
    const path = url.split('?')[0] ?? '';
    const answer = path === STATEFUL_SETS ? live : ANSWERS[path];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  folder = await mkdtemp(join(tmpdir(), 'p2p-chart-'));
  const { port } = server.address() as AddressInfo;
  const named = { cluster: 'c', user: 'u' };
  await writeFile(
    join(folder, 'kubeconfig'),
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: named }],
      'current-context': 'x',
    }),
  );
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

/** The replicas that are rendered with this value while the cluster has `scaledTo`, made by an upgrade that saw `seen`. */
async function replicas(value: number, cluster: { seen: string; scaledTo: number } | undefined, major: 3 | 4): Promise<number> {
  live = cluster && {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'p2p-peer', namespace: 'lab', annotations: { 'p2p/replicas-value': cluster.seen } },
    spec: { replicas: cluster.scaledTo },
  };
  const args = ['--dry-run=server', '--is-upgrade', '--disable-openapi-validation', '--kubeconfig', join(folder, 'kubeconfig')];
  const { one } = await render({ peer: { replicas: value } }, { major, args });
  const { metadata, spec } = one('StatefulSet');
  expect(metadata.annotations).toEqual({ 'p2p/replicas-value': String(value) });
  return spec.replicas;
}

describe.each(HELMS)('an upgrade by Helm %i', (major) => {
  it.each([
    ['keeps the live count while the value is the same', 2, { seen: '2', scaledTo: 8 }, 8],
    ['keeps a count of none', 2, { seen: '2', scaledTo: 0 }, 0],
    ['takes a changed value', 3, { seen: '2', scaledTo: 8 }, 3],
    ['takes the value where there is none yet', 2, undefined, 2],
  ])('%s', async (_, value, cluster, expected) => {
    expect(await replicas(value, cluster, major)).toBe(expected);
  });
});
