/** A default install: a diary and two peers, and the test that the chart brings along. */
import { expect, it } from 'vitest';
import { labOfFile } from '../tools/lab.ts';
import { DOWNLOADS } from '../tools/peer-pod.ts';

const MIB = 1024 * 1024;
/** What the chart's test may take (its pod ends itself after this). */
const TEST_MS_MAX = 60_000;

let readyMs = 0;
const lab = labOfFile('install', async (open) => {
  readyMs = await open.install();
});

it('is a diary and two peers, and nothing else', async () => {
  console.log(`ready after ${(readyMs / 1000).toFixed(1)} s (goal: 15)`);
  const kinds = [
    'deployments',
    'statefulsets',
    'services',
    'serviceaccounts',
    'networkpolicies',
    'poddisruptionbudgets',
    'pvc',
    'configmaps',
  ];
  expect(await lab().objects(kinds)).toEqual([
    'deployment.apps/p2p-diary',
    'networkpolicy.networking.k8s.io/p2p-diary',
    'networkpolicy.networking.k8s.io/p2p-peer',
    'poddisruptionbudget.policy/p2p-peer',
    'service/p2p-diary',
    'service/p2p-peer',
    'serviceaccount/p2p',
    'statefulset.apps/p2p-peer',
  ]);
  expect(await lab().objects(['pods'])).toEqual([expect.stringMatching(/^pod\/p2p-diary-/), 'pod/p2p-peer-0', 'pod/p2p-peer-1']);
});

it('moves a file from one pod to the other, and both hold it then', async () => {
  const [first, second] = [lab().peer(0), lab().peer(1)];
  const sha256 = await first.shareRandom('big.bin', 16 * MIB);
  await second.listed('big.bin', 1);
  const { report } = await second.get('big.bin');
  expect(report.sources.map(({ source }) => source)).toEqual(['p2p-peer-0']);
  expect(await second.sha256(`${DOWNLOADS}/big.bin`)).toBe(sha256);
  await first.listed('big.bin', 2);
  expect(await first.metric('p2p_segments_in_flight', { direction: 'upload' })).toBe(0);
});

it('passes its own test, twice, within a minute', async () => {
  for (const major of [4, 3] as const) {
    const startedAt = performance.now();
    const said = await lab().helm(['test', 'p2p', '--logs', '--timeout=60s'], { major });
    const tookMs = performance.now() - startedAt;
    console.log(`helm test on Helm ${major}: ${(tookMs / 1000).toFixed(1)} s`);
    expect(said).toMatch(/8 MiB shared by one peer and downloaded by another through p2p-diary:4100; SHA-256 equal: [0-9a-f]{64}/);
    expect(tookMs).toBeLessThan(TEST_MS_MAX);
  }
});
