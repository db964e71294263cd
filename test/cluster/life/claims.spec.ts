/** What an uninstall leaves of the peers' volumes: the claims, unless the values say otherwise. */
import { it } from 'vitest';
import { CHART, labOfFile } from '../tools/lab.ts';

const KINDS = ['all', 'networkpolicies', 'poddisruptionbudgets', 'serviceaccounts', 'secrets', 'pvc'];
const CLAIMS = ['persistentvolumeclaim/data-p2p-peer-0', 'persistentvolumeclaim/data-p2p-peer-1'];

const lab = labOfFile('claims');

it.each([
  ['the claims stay after an uninstall', 'Retain', CLAIMS],
  ['with whenDeleted: Delete they go along', 'Delete', []],
] as const)('%s', async (_, whenDeleted, left) => {
  // Not waited for to be ready: a cluster need not have volumes for this.
  await lab().helm(['install', 'p2p', CHART], { values: { peer: { persistence: { enabled: true, size: '1Mi', whenDeleted } } } });
  await lab().emptied(['pvc'], CLAIMS);
  await lab().helm(['uninstall', 'p2p', '--wait']);
  await lab().emptied(KINDS, left);
  await lab().kubectl(['delete', 'pvc', '--all']);
});
