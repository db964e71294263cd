// Names, addresses, versions and bounds of the local cluster.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Sources of what is built: Kubernetes' go.mod pins its version and those of all it needs. */
export const KUBERNETES_SOURCE = fileURLToPath(new URL('kubernetes', import.meta.url));
export const PAUSE_SOURCE = fileURLToPath(new URL('pause', import.meta.url));
export const KUBERNETES_VERSION = '1.34.4';
export const COREDNS_VERSION = '1.15.0';

/** Binaries stay here, under a hash of what they are made of, outside the repository. */
export const CACHE_DIR = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'p2p');

/** All that a running cluster writes. Not on a tmpfs: it holds the nodes' images. */
export const STATE_DIR = process.env.P2P_CLUSTER_DIR ?? '/var/lib/p2p-cluster';
export const KUBECONFIG = join(STATE_DIR, 'kubeconfig');

export const NODE_COUNT = 3;
export const PROGRAMS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl'];
export const PAUSE_IMAGE = 'p2p.test/pause:1';

/** The LAN: a bridge with the control plane at .1 and node N at .10+N. Documented private ranges that no default of Docker's uses. */
export const BRIDGE = 'p2plan0';
export const CONTROL_ADDRESS = '10.245.0.1';
export const SERVICE_RANGE = '10.96.0.0/16';
export const POD_RANGE = '10.244.0.0/16';
export const ETCD_PORT = 12379;
export const API_PORT = 6443;

/** Bounds of waits, in ms. A machine with two busy cores needs many times what an idle one does. */
export const START_MS = 120_000;
export const STOP_MS = 15_000;

/** What belongs to node `number`, from 1. */
export function nodeOf(number) {
  const name = `p2p-node${number}`;
  return {
    number,
    name,
    namespace: name,
    address: `10.245.0.${10 + number}`,
    podRange: `10.244.${number}.0/24`,
    /** The node's cable, as seen from the LAN. A device's name has at most 15 characters. */
    cable: `p2plan-${number}`,
    dir: join(STATE_DIR, name),
    runDir: `/run/${name}`,
    socket: `/run/${name}/containerd.sock`,
  };
}

export const NODES = Array.from({ length: NODE_COUNT }, (_, index) => nodeOf(index + 1));
