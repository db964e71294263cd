// Blows to whole nodes of our own cluster. Each returns how to heal the node.
import { builtBinaries } from '../local/binaries.mjs';
import { crashNode, startContainerd, startKubelet } from '../local/node.mjs';
import { NODES, type LocalNode } from '../local/settings.mjs';
import type { Cluster } from '../tools/cluster.ts';
import { run } from '../tools/run.ts';
import { unshapeLinks } from '../lan/links.ts';
import type { Battle } from './battle.ts';
import type { Heal } from './scenario.ts';

/** Pulls a node's cable: its pods run on and fall silent. It is plugged in again once their segments were given to others. */
export async function pullCable(battle: Battle): Promise<Heal> {
  const { node, victims } = await victimNode(battle);
  battle.note({ what: `pull the cable of ${node.name}`, victims, isSilent: true });
  await setCable(node, 'down');
  try {
    await battle.redistributed();
  } finally {
    await setCable(node, 'up');
  }
  return async () => battle.swarm.lab.wait(`node/${node.name}`, 'condition=Ready');
}

/** Cuts a node's power: the cable first, so that not even a FIN leaves it. It is started again after the download. */
export async function loseNode(battle: Battle): Promise<Heal> {
  const { node, victims } = await victimNode(battle);
  battle.note({ what: `cut the power of ${node.name}`, victims, isSilent: true });
  await setCable(node, 'down');
  await crashNode(node);
  return async () => {
    await setCable(node, 'up');
    await startContainerd(node);
    await startKubelet(node, await builtBinaries());
    await battle.swarm.lab.wait(`node/${node.name}`, 'condition=Ready');
  };
}

/** `kubectl drain` of a node, as far as it concerns our pods: evicted one at a time, as the budget of the chart allows. */
export async function drainNode(battle: Battle): Promise<Heal> {
  const { lab } = battle.swarm;
  const { node, victims } = await victimNode(battle);
  battle.note({ what: `kubectl drain ${node.name}`, victims });
  const heal = async (): Promise<void> => void (await lab.kubectl(['uncordon', node.name]));
  try {
    const words = ['drain', node.name, '--delete-emptydir-data', '--ignore-daemonsets', `--pod-selector=app.kubernetes.io/instance=p2p`];
    await lab.kubectl(words);
  } catch (error) {
    await heal();
    throw error;
  }
  return heal;
}

/** Undoes what a run that was killed may have left: cables pulled or shaped, nodes closed to pods. */
export async function healNodes(cluster: Cluster): Promise<void> {
  for (const node of NODES) await setCable(node, 'up');
  await unshapeLinks();
  await run(cluster.kubectl, [`--kubeconfig=${cluster.kubeconfig}`, 'uncordon', ...NODES.map(({ name }) => name)]);
}

async function setCable(node: LocalNode, state: 'up' | 'down'): Promise<void> {
  await run('ip', ['link', 'set', node.cable, state]);
}

/** A node, in seeded order, that has holders which owe something and no downloader; and its holders. */
async function victimNode(battle: Battle): Promise<{ readonly node: LocalNode; readonly victims: readonly string[] }> {
  const placed = await battle.swarm.lab.placed();
  const nodeOf = new Map(placed.map(({ name, node }) => [name, node]));
  const spared = new Set(battle.swarm.downloaders.map(({ name }) => nodeOf.get(name)));
  const { holders } = battle.swarm;
  const victim = battle.victims(holders.length).find(({ name }) => !spared.has(nodeOf.get(name)));
  const node = NODES.find(({ name }) => victim !== undefined && name === nodeOf.get(victim.name));
  if (node === undefined) throw new Error('no holder is on another node than the downloaders');
  return { node, victims: holders.map(({ name }) => name).filter((name) => nodeOf.get(name) === node.name) };
}
