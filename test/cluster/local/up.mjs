// npm run cluster:up [-- IMAGE…]: a three-node Kubernetes on this machine, with images of the Docker engine on its nodes. May be called again.
import { mkdir } from 'node:fs/promises';
import { buildBinaries } from './binaries.mjs';
import { startControlPlane } from './control-plane.mjs';
import { loadImage, makePauseImage } from './images.mjs';
import { makeLan } from './lan.mjs';
import { checkMachine } from './machine.mjs';
import { startContainerd, startKubelet } from './node.mjs';
import { ready } from './processes.mjs';
import { KUBECONFIG, NODES, PAUSE_IMAGE, START_MS, STATE_DIR } from './settings.mjs';
import { run, step } from './shell.mjs';

try {
  await checkMachine();
  const binaries = await buildBinaries();
  await mkdir(STATE_DIR, { recursive: true, mode: 0o711 });
  await step('a LAN of three nodes', makeLan);
  await step('control plane', () => startControlPlane(binaries));
  await step('containerd on each node', () => Promise.all(NODES.map(startContainerd)));
  await step('images', async () => {
    await makePauseImage(binaries);
    for (const name of [PAUSE_IMAGE, ...process.argv.slice(2)]) await loadImage(name);
  });
  await step('nodes ready', async () => {
    await Promise.all(NODES.map((node) => startKubelet(node, binaries)));
    const kubectl = (...words) => run(`${binaries}/kubectl`, [`--kubeconfig=${KUBECONFIG}`, ...words]);
    const names = NODES.map(({ name }) => `node/${name}`);
    // A node registers itself a moment after its kubelet starts, and every namespace is given its account a moment after that.
    for (const node of NODES) {
      await ready(`${node.name}-kubelet`, () => kubectl('get', `node/${node.name}`, '--output=name', '--ignore-not-found'), START_MS);
    }
    await kubectl('wait', '--for=condition=Ready', ...names, `--timeout=${START_MS / 1000}s`);
    await ready('kube-controller-manager', () => kubectl('get', 'serviceaccount/default', '--output=name', '--ignore-not-found'), START_MS);
  });
  console.log(`\nexport KUBECONFIG=${KUBECONFIG}\nexport PATH="${binaries}:$PATH"    # its kubectl`);
} catch (error) {
  console.error(`\ncluster:up failed: ${error.message}\n\`npm run cluster:down\` removes what there is of it.`);
  process.exitCode = 1;
}
