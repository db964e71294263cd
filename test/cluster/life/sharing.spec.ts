/** Files that the cluster has: those of a ConfigMap are shared; those of a node are refused where the restricted standard holds. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { CHART, labOfFile } from '../tools/lab.ts';
import { DOWNLOADS } from '../tools/peer-pod.ts';

const RESTRICTED = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
};
const FILES = { 'settings.json': '{"a":1}\n', 'words.txt': 'words '.repeat(20_000) };

const lab = labOfFile(
  'sharing',
  async (open) => {
    await open.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'files' }, data: FILES });
    await open.install({ values: { peer: { share: [{ name: 'conf', configMap: { name: 'files' } }] } } });
  },
  RESTRICTED,
);

it('a namespace that enforces the restricted standard admits every pod, the test’s too', async () => {
  const events = await lab().kubectl(['get', 'events', '--field-selector=type=Warning', '--output=jsonpath={.items[*].message}']);
  expect(events).not.toMatch(/violates PodSecurity/);
  expect(await lab().helm(['test', 'p2p', '--logs', '--timeout=60s'])).toMatch(/SHA-256 equal/);
});

it('the files of a ConfigMap are shared under their names, and downloaded', async () => {
  const [first, second] = [lab().peer(0), lab().peer(1)];
  for (const [name, text] of Object.entries(FILES)) {
    // Both pods mount it.
    await first.listed(`conf/${name}`, 2);
    expect(await second.sha256(`/share/conf/${name}`)).toBe(createHash('sha256').update(text).digest('hex'));
  }
  // Only the mount holds each of the files, and no entry of how Kubernetes swaps them.
  expect(
    (await first.list())
      .map(({ name }) => name)
      .filter((name) => name.includes('conf'))
      .toSorted(),
  ).toEqual(Object.keys(FILES).map((name) => `conf/${name}`));
});

it('a second release joins the diary of the first, and downloads what the first shares', async () => {
  const reader = { diary: { enabled: false }, peer: { replicas: 1, diary: 'p2p-diary:4100' } };
  await lab().install({ release: 'p2p-reader', values: reader });
  const peer = lab().peer(0, 'p2p-reader');
  await peer.listed('conf/words.txt', 2);
  const { report } = await peer.get('conf/words.txt');
  expect(report.sources.filter(({ source }) => !/^p2p-peer-[01]$/.test(source))).toEqual([]);
  expect(report.segmentsVerified).toBeGreaterThan(0);
  expect(await peer.sha256(`${DOWNLOADS}/conf/words.txt`)).toBe(createHash('sha256').update(FILES['words.txt']).digest('hex'));
});

it('a hostPath is refused by the chart, and by the API server where the chart was told to let it through', async () => {
  const share = [{ name: 'disk', hostPath: { path: '/etc', type: 'Directory' } }];
  const words = ['upgrade', 'p2p', CHART];
  const refused = await lab().tryHelm(words, { values: { peer: { share } } });
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('podSecurityStandard=privileged and install into a namespace that admits it');
  expect(refused.stderr).toContain(`kubectl label namespace ${lab().namespace} pod-security.kubernetes.io/enforce=privileged`);
  const warned = await lab().tryHelm([...words, '--dry-run=server'], { values: { podSecurityStandard: 'privileged', peer: { share } } });
  expect(warned.stdout + warned.stderr).toContain('hostPath');
});
