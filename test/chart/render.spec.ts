/** What is rendered for which values. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { STOP_DEADLINE_MS } from '../../apps/peer/src/limits.js';
import { CHART, environment, helm, HELMS, render } from './helm.ts';
import type { Manifest, PodSpec } from './manifest.ts';
import { VARIANTS } from './variants.ts';

const WORKLOADS = ['Deployment', 'StatefulSet'];

const podSpecs = (all: readonly Manifest[]): PodSpec[] => [
  ...all.filter(({ kind }) => kind === 'Pod').map(({ spec }) => spec),
  ...all.filter(({ kind }) => WORKLOADS.includes(kind)).map(({ spec }) => spec.template.spec),
];

describe.each(HELMS)('on Helm %i', (major) => {
  it('lint finds nothing, strictly', async () => {
    const { code, stdout, stderr } = await helm(['lint', CHART, '--strict'], { major });
    expect({ code, text: stdout + stderr }).toMatchObject({ code: 0 });
  });

  it.each(Object.entries(VARIANTS))('%s is rendered', async (_, values) => {
    const { all } = await render(values, { major });
    expect(new Set(all.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).size).toBe(all.length);
  });

  it('a default install is a diary, two peers and what guards them', async () => {
    const { all, one } = await render({}, { major, args: ['--no-hooks'] });
    expect(all.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted()).toEqual([
      'Deployment p2p-diary',
      'NetworkPolicy p2p-diary',
      'NetworkPolicy p2p-peer',
      'PodDisruptionBudget p2p-peer',
      'Service p2p-diary',
      'Service p2p-peer',
      'ServiceAccount p2p',
      'StatefulSet p2p-peer',
    ]);
    expect(one('StatefulSet').spec.replicas).toBe(2);
    expect(environment(one('StatefulSet'))).toMatchObject({ P2P_DIARY: 'p2p-diary:4100', P2P_CONTROL_URL: 'http://127.0.0.1:7070' });
  });
});

describe('every pod', async () => {
  const { all } = await render({ peer: { share: [{ name: 'files', configMap: { name: 'files' } }] } });
  const specs = podSpecs(all);

  it('is one of three: diary, peer, test', () => {
    expect(specs).toHaveLength(3);
  });

  it.each(specs)('keeps to the restricted standard, has no token and no service links', (spec) => {
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      // A Service named …-diary would set P2P_DIARY_PORT to tcp://….
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    });
    for (const { securityContext, image, resources } of spec.containers) {
      expect(image).toBe('p2p:0.1.0');
      expect(resources.requests).toBeDefined();
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });
});

describe('the diary', () => {
  it('is one, replaced and never doubled, with no budget that would block a drain', async () => {
    const { all, one } = await render();
    expect(one('Deployment').spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    const budgets = all.filter(({ kind }) => kind === 'PodDisruptionBudget');
    expect(budgets.map(({ spec }) => spec.selector.matchLabels['app.kubernetes.io/component'])).toEqual(['peer']);
    expect(budgets[0]?.spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
  });

  it('can be that of another release', async () => {
    const { all, one } = await render({ diary: { enabled: false }, peer: { diary: 'west-diary:4100' } });
    expect(all.filter(({ metadata }) => metadata.name.endsWith('-diary'))).toEqual([]);
    expect(environment(one('StatefulSet'))['P2P_DIARY']).toBe('west-diary:4100');
  });
});

describe('a peer', () => {
  it('starts and ends beside the others, and has longer to end than it takes', async () => {
    const { one } = await render();
    const { spec } = one('StatefulSet');
    expect(spec).toMatchObject({ podManagementPolicy: 'Parallel', serviceName: 'p2p-peer' });
    expect(spec.template.spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(STOP_DEADLINE_MS);
    expect(one('Service', '-peer').spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
    expect(spec.template.spec.topologySpreadConstraints).toMatchObject([{ topologyKey: 'kubernetes.io/hostname', maxSkew: 1 }]);
  });

  it('is probed at its own door, whatever the diary does', async () => {
    const { one } = await render({ peer: { metricsPort: 9999 } });
    const [container] = one('StatefulSet').spec.template.spec.containers;
    expect(container.readinessProbe.httpGet).toEqual({ path: '/health/ready', port: 'metrics' });
    expect(container.ports).toContainEqual({ name: 'metrics', containerPort: 9999, protocol: 'TCP' });
    // The control API writes to disk and reads folders: no port of it is told to anyone.
    expect(container.ports.map(({ name }) => name)).toEqual(['peer', 'metrics']);
  });

  it('keeps its data in an emptyDir, or in a claim', async () => {
    const empty = (await render({ peer: { emptyDirSize: '5Gi' } })).one('StatefulSet').spec;
    expect(empty.template.spec.volumes).toEqual([{ name: 'data', emptyDir: { sizeLimit: '5Gi' } }]);
    expect(empty.volumeClaimTemplates).toBeUndefined();
    const claim = (await render({ peer: { persistence: { enabled: true, size: '1Ti', storageClass: '-', whenScaled: 'Delete' } } })).one(
      'StatefulSet',
    ).spec;
    expect(claim.template.spec.volumes).toBeUndefined();
    expect(claim.volumeClaimTemplates?.[0].spec).toEqual({
      accessModes: ['ReadWriteOnce'],
      storageClassName: '',
      resources: { requests: { storage: '1Ti' } },
    });
    expect(claim.persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: 'Retain', whenScaled: 'Delete' });
  });

  it.each(HELMS)('may be given a fraction of a millisecond by --set, which Helm %i takes for a text', async (major) => {
    const { one } = await render({}, { major, args: ['--set', 'peer.packetDelayMs=0.25'] });
    expect(environment(one('StatefulSet'))['P2P_PACKET_DELAY_MS']).toBe('0.25');
  });

  it('shares what is mounted under /share, read-only', async () => {
    const share = [
      { name: 'sets', persistentVolumeClaim: { claimName: 'sets' } },
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'disk', hostPath: { path: '/srv', type: 'Directory' } },
    ];
    const { one } = await render({ podSecurityStandard: 'privileged', peer: { share } });
    const { volumes, containers } = one('StatefulSet').spec.template.spec;
    expect(environment(one('StatefulSet'))['P2P_SHARE_DIR']).toBe('/share');
    expect(volumes?.slice(1)).toEqual(share.map(({ name, ...source }) => ({ name: `share-${name}`, ...source })));
    expect(containers[0].volumeMounts.slice(1)).toEqual(
      share.map(({ name }) => ({ name: `share-${name}`, mountPath: `/share/${name}`, readOnly: true })),
    );
  });
});

describe('the network policies', () => {
  it('open the doors and no other: peers to diary and peers, anyone to the metrics', async () => {
    const { one } = await render();
    for (const component of ['diary', 'peer']) {
      const { spec } = one('NetworkPolicy', component);
      expect(spec.policyTypes).toEqual(['Ingress']);
      expect(spec.ingress.map(({ ports }) => ports)).toEqual([
        [{ port: component, protocol: 'TCP' }],
        [{ port: 'metrics', protocol: 'TCP' }],
      ]);
      expect(spec.ingress[0].from).toHaveLength(1);
      expect(spec.ingress[1].from).toBeUndefined();
    }
  });

  it('let in whom the values name', async () => {
    const west = { namespaceSelector: { matchLabels: { team: 'west' } } };
    const { one } = await render({ networkPolicy: { allowFrom: [west], metricsFrom: [west] } });
    const [door, metrics] = one('NetworkPolicy', 'peer').spec.ingress;
    expect(door.from).toContainEqual(west);
    expect(metrics.from).toEqual([west]);
  });
});

describe('what is switched off', () => {
  it('is not rendered', async () => {
    const off = { enabled: false };
    const { all, one } = await render({
      networkPolicy: off,
      metrics: { annotate: false },
      serviceAccount: { create: false, name: 'mine' },
      peer: { podDisruptionBudget: off, topologySpread: off },
    });
    expect(all.map(({ kind }) => kind).toSorted()).toEqual(['Deployment', 'Pod', 'Service', 'Service', 'StatefulSet']);
    const { template } = one('StatefulSet').spec;
    expect(template.metadata.annotations).toBeUndefined();
    expect(template.spec.topologySpreadConstraints).toBeUndefined();
    expect(template.spec.serviceAccountName).toBe('mine');
  });
});

it('the labels that select a pod are those that it has, and no two workloads share them', async () => {
  const { one } = await render({ nameOverride: 'swarm' });
  const selectors = [one('Deployment'), one('StatefulSet')].map(({ spec }) => {
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
    return JSON.stringify(spec.selector.matchLabels);
  });
  expect(new Set(selectors).size).toBe(2);
  expect(one('Service', '-diary').spec.selector).toEqual(one('Deployment').spec.selector.matchLabels);
  expect(one('Service', '-peer').spec.selector).toEqual(one('StatefulSet').spec.selector.matchLabels);
  expect(one('StatefulSet').metadata.name).toBe('p2p-swarm-peer');
});

it('k8s/ is what the chart renders', () => {
  const script = fileURLToPath(new URL('../../scripts/k8s-render.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
