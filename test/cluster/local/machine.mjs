// What a machine must be and have for the cluster.
import { existsSync } from 'node:fs';
import { podNamespaces } from './lan.mjs';
import { NODES, STATE_DIR } from './settings.mjs';
import { attempt } from './shell.mjs';

/** Debian's packages of what is not built. */
const NEEDED = {
  etcd: 'etcd-server',
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  ip: 'iproute2',
  iptables: 'iptables',
  nsenter: 'util-linux',
  openssl: 'openssl',
  docker: 'docker.io',
  conntrack: 'conntrack',
};

/** Throws with the remedy when the cluster cannot be made here. */
export async function checkMachine() {
  const lack = await lacking();
  if (lack !== undefined) throw new Error(lack);
}

/** Why the cluster cannot be made here, and what to do; undefined when it can. */
export async function lacking() {
  if (process.platform !== 'linux') return 'a local cluster needs Linux; point P2P_TEST_KUBECONFIG at one that you have';
  if (process.getuid() !== 0)
    return 'a local cluster needs root, for network namespaces; or point P2P_TEST_KUBECONFIG at one that you have';
  const missing = new Set();
  for (const [program, pack] of Object.entries(NEEDED)) {
    if ((await attempt('which', [program])) === undefined) missing.add(pack);
  }
  if (!existsSync('/usr/lib/cni/bridge')) missing.add('containernetworking-plugins');
  if (missing.size > 0) return `the machine lacks ${[...missing].join(', ')}: apt-get install ${[...missing].join(' ')}`;
  if (!existsSync(STATE_DIR) && (await podNamespaces()).length > 0) {
    return `pods of another cluster run on this machine, which ${NODES.length} nodes more would disturb; point P2P_TEST_KUBECONFIG at it`;
  }
  return undefined;
}
