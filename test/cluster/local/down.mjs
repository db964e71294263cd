// npm run cluster:down: ends the cluster and removes all it made, except the built programs. May be called when there is none.
import { rm } from 'node:fs/promises';
import { CONTROL_PROGRAMS } from './control-plane.mjs';
import { removeLan } from './lan.mjs';
import { removeNode } from './node.mjs';
import { started, stop } from './processes.mjs';
import { NODES, STATE_DIR } from './settings.mjs';
import { step } from './shell.mjs';

try {
  await step('nodes', () => Promise.all(NODES.map(removeNode)));
  await step('control plane', async () => {
    for (const name of CONTROL_PROGRAMS) await stop(name);
    for (const name of await started()) await stop(name);
  });
  await step('LAN', removeLan);
  await step('files', () => rm(STATE_DIR, { recursive: true, force: true }));
} catch (error) {
  console.error(`\ncluster:down failed: ${error.message}`);
  process.exitCode = 1;
}
