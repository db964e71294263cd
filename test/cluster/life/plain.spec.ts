/** Without Helm: `kubectl apply -k k8s` is a default install, again and again, and goes with one command. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { labOfFile } from '../tools/lab.ts';
import { DOWNLOADS } from '../tools/peer-pod.ts';

const K8S = fileURLToPath(new URL('../../../k8s', import.meta.url));

const lab = labOfFile('plain', async (open) => {
  await open.kubectl(['apply', '-k', K8S]);
});

it('is ready, moves a file, and is left as it is when applied again', async () => {
  await lab().settled('statefulset/p2p-peer', 2);
  await lab().wait('deployment/p2p-diary', 'condition=Available');
  const sha256 = await lab()
    .peer(0)
    .shareRandom('plain.bin', 1024 * 1024);
  await lab().peer(1).listed('plain.bin', 1);
  await lab().peer(1).get('plain.bin');
  expect(await lab().peer(1).sha256(`${DOWNLOADS}/plain.bin`)).toBe(sha256);
  const again = (await lab().kubectl(['apply', '-k', K8S])).trim().split('\n');
  // kubectl replaces the selector of a budget each time, by itself.
  expect(again.filter((line) => !line.endsWith(' unchanged'))).toEqual(['poddisruptionbudget.policy/p2p-peer configured']);
});

it('is gone after kubectl delete -k', async () => {
  await lab().kubectl(['delete', '-k', K8S]);
  await lab().emptied(['all', 'networkpolicies', 'poddisruptionbudgets', 'serviceaccounts', 'pvc']);
});
