// The nodes' cables, shaped to a known rate in both directions.
import { NODES, type LocalNode } from '../local/settings.mjs';
import { run } from '../tools/run.ts';

/** Large enough for the frames that are handed over at once, small enough not to matter. */
const BURST = '64kb';
const LATENCY = '50ms';

/** Shapes every node's cable to this rate, in Mbit/s: what it sends, and what is sent to it. */
export async function shapeLinks(mbits: number): Promise<void> {
  await eachEnd((tc) => tc('replace', 'root', 'tbf', 'rate', `${mbits}mbit`, 'burst', BURST, 'latency', LATENCY));
}

/** Where they are as they come, nothing changes. */
export async function unshapeLinks(): Promise<void> {
  await eachEnd((tc) => tc('del', 'root').catch(() => ''));
}

/** Words that run a program in a node's network. */
export function inNode(node: LocalNode, words: readonly string[]): readonly string[] {
  return [`--net=/run/netns/${node.namespace}`, ...words];
}

type Tc = (verb: string, ...words: readonly string[]) => Promise<string>;

async function eachEnd(work: (tc: Tc) => Promise<string>): Promise<void> {
  for (const node of NODES) {
    await work((verb, ...words) => run('nsenter', inNode(node, ['tc', 'qdisc', verb, 'dev', 'eth0', ...words])));
    await work((verb, ...words) => run('tc', ['qdisc', verb, 'dev', node.cable, ...words]));
  }
}
