/** Two releases in two namespaces, with one name: neither sees the other, and each goes without the other's noticing. */
import { expect, it } from 'vitest';
import { labOfFile } from '../tools/lab.ts';
import { DOWNLOADS } from '../tools/peer-pod.ts';

const MIB = 1024 * 1024;
const KINDS = [
  'all',
  'configmaps',
  'endpointslices',
  'networkpolicies',
  'poddisruptionbudgets',
  'pvc',
  'rolebindings',
  'roles',
  'secrets',
  'serviceaccounts',
];

// The one is installed by Helm 4, the other by Helm 3.
const west = labOfFile('west', async (open) => void (await open.install()));
const east = labOfFile('east', async (open) => void (await open.install({ major: 3 })));

it('files of one name are each other’s neither in the catalogue nor in a download', async () => {
  const [westHash, eastHash] = await Promise.all([west, east].map((lab) => lab().peer(0).shareRandom('same.bin', MIB)));
  for (const [lab, sha256] of [
    [west, westHash],
    [east, eastHash],
  ] as const) {
    const second = lab().peer(1);
    await second.listed('same.bin', 1);
    await second.get('same.bin');
    expect(await second.sha256(`${DOWNLOADS}/same.bin`)).toBe(sha256);
  }
});

it('the one uninstalled leaves nothing but the pod of its test, and the other as it was', async () => {
  const before = await east().objects(KINDS);
  await west().helm(['test', 'p2p', '--timeout=60s']);
  await west().helm(['uninstall', 'p2p', '--wait', '--timeout=120s']);
  await west().emptied(KINDS, ['pod/p2p-test']);
  expect(await east().objects(KINDS)).toEqual(before);
  await east().peer(0).listed('same.bin', 2);
});

it('Helm 4 takes over what Helm 3 installed', async () => {
  await east().upgrade({ values: { peer: { replicas: 3 } } });
  await east().settled('statefulset/p2p-peer', 3);
  await east().peer(2).listed('same.bin', 2);
});
