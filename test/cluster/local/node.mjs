// One node: its own containerd, kubelet and kube-proxy, in the node's network namespace.
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ready, start, stop } from './processes.mjs';
import { CONTROL_ADDRESS, KUBECONFIG, PAUSE_IMAGE, POD_RANGE, START_MS } from './settings.mjs';
import { attempt } from './shell.mjs';

const CGROUPS = '/sys/fs/cgroup';
const PROXY_HEALTH_PORT = 10_256;

export async function startContainerd(node) {
  await Promise.all([mkdir(join(node.dir, 'cni'), { recursive: true }), mkdir(node.runDir, { recursive: true })]);
  await makeControlGroups(node);
  await writeFile(join(node.dir, 'cni/10-p2p.conflist'), JSON.stringify(cniOf(node)));
  await writeFile(join(node.dir, 'containerd.toml'), containerdOf(node));
  const name = `${node.name}-containerd`;
  await start(name, 'containerd', ['--config', join(node.dir, 'containerd.toml')], node);
  await ready(name, async () => existsSync(node.socket) && (await ctr(node, ['version'])) !== undefined, START_MS);
}

export async function startKubelet(node, binaries) {
  const kubelet = join(node.dir, 'kubelet.json');
  const proxy = join(node.dir, 'proxy.json');
  await Promise.all([writeFile(kubelet, JSON.stringify(kubeletOf(node))), writeChanged(proxy, JSON.stringify(proxyOf(node)))]);
  await start(
    `${node.name}-kubelet`,
    join(binaries, 'kubelet'),
    [
      `--config=${kubelet}`,
      `--kubeconfig=${KUBECONFIG}`,
      `--node-ip=${node.address}`,
      `--hostname-override=${node.name}`,
      `--root-dir=${join(node.dir, 'kubelet')}`,
      `--cert-dir=${join(node.dir, 'pki')}`,
    ],
    node,
  );
  await start(`${node.name}-proxy`, join(binaries, 'kube-proxy'), [`--config=${proxy}`], node);
  await ready(
    `${node.name}-proxy`,
    async () => (await fetch(`http://${node.address}:${PROXY_HEALTH_PORT}/healthz`).catch(() => undefined))?.ok,
    START_MS,
  );
}

/** The node's programs, its pods' processes, mounts, control groups and sockets. */
export async function removeNode(node) {
  await stop(`${node.name}-kubelet`);
  await stop(`${node.name}-proxy`);
  await endPods(node);
  await stop(`${node.name}-containerd`);
  await endShims(node);
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const mount of mounts.filter((path) => path.startsWith(`${node.runDir}/`) || path.startsWith(`${node.dir}/`)).reverse()) {
    await attempt('umount', ['-l', mount]);
  }
  await rm(node.runDir, { recursive: true, force: true });
  for (const group of await controlGroupsOf(node)) await removeControlGroup(group);
}

/**
 * Ends the node's programs and pods as a loss of power would, and leaves what is on its disk: startContainerd and
 * startKubelet bring it back. Unplug its cable first, or its connections end politely.
 */
export async function crashNode(node) {
  for (const name of ['kubelet', 'proxy', 'containerd']) await stop(`${node.name}-${name}`, { signal: 'SIGKILL' });
  // First the shims, which would tell of their containers' end.
  await endShims(node);
  for (const pid of await processNumbers()) {
    const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    if (groups.includes(`/${node.name}/kubepods/`)) await attempt('kill', ['-9', pid]);
  }
}

/** The tool of containerd, on this node. Undefined when it fails. */
export function ctr(node, words) {
  return attempt('ctr', ['--address', node.socket, '-n', 'k8s.io', ...words]);
}

async function endPods(node) {
  const tasks = (await ctr(node, ['tasks', 'ls', '-q']))?.split('\n').filter((id) => id !== '') ?? [];
  await Promise.all(tasks.map((id) => ctr(node, ['tasks', 'kill', '-s', 'SIGKILL', id])));
  await Promise.all(tasks.map((id) => ctr(node, ['tasks', 'delete', '--force', id])));
}

/** A shim outlives its containerd, by design: a restarted one finds its pods running. */
async function endShims(node) {
  for (const pid of await processNumbers()) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (words.includes('containerd-shim') && words.includes(node.socket)) await attempt('kill', ['-9', pid]);
  }
}

async function processNumbers() {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
}

/** cgroup v1 has one tree a controller, v2 a single one. The kubelet wants its root to exist. */
async function makeControlGroups(node) {
  for (const tree of await controlTrees()) {
    const group = join(tree, node.name);
    await mkdir(group, { recursive: true });
    if (!tree.endsWith('cpuset')) continue;
    for (const file of ['cpuset.cpus', 'cpuset.mems']) await writeFile(join(group, file), await readFile(join(tree, file)));
  }
}

/** runc makes one in the empty tree of v2 too, where a machine has both versions. */
async function controlGroupsOf(node) {
  const trees = [...(await controlTrees()), join(CGROUPS, 'unified')];
  return trees.map((tree) => join(tree, node.name)).filter((group) => existsSync(group));
}

async function controlTrees() {
  if (existsSync(join(CGROUPS, 'cgroup.controllers'))) return [CGROUPS];
  const names = await readdir(CGROUPS, { withFileTypes: true });
  return names.filter((entry) => entry.isDirectory() && entry.name !== 'unified').map((entry) => join(CGROUPS, entry.name));
}

async function removeControlGroup(group) {
  for (const entry of await readdir(group, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeControlGroup(join(group, entry.name));
  }
  await rmdir(group);
}

function cniOf({ dir, podRange }) {
  return {
    cniVersion: '0.4.0',
    name: 'p2p',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isDefaultGateway: true,
        hairpinMode: true,
        ipam: { type: 'host-local', dataDir: join(dir, 'ipam'), ranges: [[{ subnet: podRange }]] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

function containerdOf({ dir, runDir, socket }) {
  return `version = 2
root = "${dir}/containerd"
state = "${runDir}/state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${dir}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  # Lowering it is not permitted in a container that is not the machine itself.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${dir}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`;
}

function kubeletOf({ name, dir, socket }) {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${name}`,
    failSwapOn: false,
    failCgroupV1: false,
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    clusterDomain: 'cluster.local',
    clusterDNS: [CONTROL_ADDRESS],
    // A kubelet removes logs of pods it does not know: three of them must not share a folder.
    podLogsDir: join(dir, 'pod-logs'),
    containerRuntimeEndpoint: `unix://${socket}`,
    enforceNodeAllocatable: [],
    evictionHard: { 'nodefs.available': '1%', 'imagefs.available': '1%', 'memory.available': '200Mi' },
    // A node that is cut off is noticed in seconds.
    nodeStatusUpdateFrequency: '2s',
    nodeStatusReportFrequency: '10s',
    imageGCHighThresholdPercent: 100,
  };
}

/** Writes a file unless it is so already: kube-proxy ends when its own is written while it runs, whatever is in it. */
async function writeChanged(path, text) {
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before !== text) await writeFile(path, text);
}

function proxyOf({ name }) {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: KUBECONFIG },
    hostnameOverride: name,
    mode: 'iptables',
    clusterCIDR: POD_RANGE,
    conntrack: { maxPerCore: 0, min: 0 },
    healthzBindAddress: `0.0.0.0:${PROXY_HEALTH_PORT}`,
  };
}
