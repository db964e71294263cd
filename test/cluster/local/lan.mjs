// One LAN on one machine: a bridge, and a network namespace for each node with a cable to it.
import { readdir } from 'node:fs/promises';
import { BRIDGE, CONTROL_ADDRESS, NODES } from './settings.mjs';
import { attempt, run } from './shell.mjs';

const ip = (...words) => run('ip', words);
const inNode = (node, ...words) => run('ip', ['-n', node.namespace, ...words]);

/** Traffic between nodes enters and leaves by the bridge; Docker's policy would drop it. */
const RULE = ['FORWARD', '-i', BRIDGE, '-o', BRIDGE, '-j', 'ACCEPT'];

/** Pods reach the outside (package registries, an address on the host) by the host's own address. */
const MASQUERADE = ['POSTROUTING', '-s', '10.244.0.0/15', '!', '-o', BRIDGE, '-j', 'MASQUERADE'];

export async function makeLan() {
  if ((await attempt('ip', ['link', 'show', BRIDGE])) === undefined) {
    await ip('link', 'add', BRIDGE, 'type', 'bridge');
    await ip('addr', 'add', `${CONTROL_ADDRESS}/24`, 'dev', BRIDGE);
    await ip('link', 'set', BRIDGE, 'up');
  }
  await run('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  if ((await attempt('iptables', ['-C', ...RULE])) === undefined) await run('iptables', ['-I', ...RULE]);
  if ((await attempt('iptables', ['-t', 'nat', '-C', ...MASQUERADE])) === undefined)
    await run('iptables', ['-t', 'nat', '-A', ...MASQUERADE]);
  for (const node of NODES) await plugIn(node);
}

async function plugIn(node) {
  const namespaces = (await run('ip', ['netns', 'list'])).split('\n').map((line) => line.split(' ')[0]);
  if (namespaces.includes(node.namespace)) return;
  await ip('netns', 'add', node.namespace);
  await ip('link', 'add', node.cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', node.namespace);
  await ip('link', 'set', node.cable, 'master', BRIDGE, 'up');
  await inNode(node, 'addr', 'add', `${node.address}/24`, 'dev', 'eth0');
  await inNode(node, 'link', 'set', 'eth0', 'up');
  await inNode(node, 'link', 'set', 'lo', 'up');
  await inNode(node, 'route', 'add', 'default', 'via', CONTROL_ADDRESS);
  await run('nsenter', [`--net=/run/netns/${node.namespace}`, 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  await ip('route', 'replace', node.podRange, 'via', node.address);
  for (const other of NODES) {
    if (other !== node) await inNode(node, 'route', 'add', other.podRange, 'via', other.address);
  }
}

/** The nodes' namespaces, those of their pods, the cables, the bridge and the rules. */
export async function removeLan() {
  for (const node of NODES) {
    await attempt('ip', ['netns', 'del', node.namespace]);
    await attempt('ip', ['link', 'del', node.cable]);
    await attempt('ip', ['route', 'del', node.podRange]);
  }
  for (const name of await podNamespaces()) await attempt('ip', ['netns', 'del', name]);
  await attempt('iptables', ['-D', ...RULE]);
  await attempt('iptables', ['-t', 'nat', '-D', ...MASQUERADE]);
  await attempt('ip', ['link', 'del', BRIDGE]);
}

/** Made by the nodes' containerds. A machine that runs other pods is not one to make a cluster on; `up` checks that there are none. */
export async function podNamespaces() {
  try {
    return (await readdir('/run/netns')).filter((name) => name.startsWith('cni-'));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}
