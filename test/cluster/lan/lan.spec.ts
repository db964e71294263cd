/** What a LAN of a known rate allows, and how much of it the pods of three nodes achieve. Measured; asserted is that nothing crawls. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lacksPrograms } from '../../../scripts/test/lacks.mjs';
import { NODES, type LocalNode } from '../local/settings.mjs';
import { theCluster } from '../tools/cluster.ts';
import { labOfFile } from '../tools/lab.ts';
import { DOWNLOADS, type PeerPod } from '../tools/peer-pod.ts';
import { PAYLOAD_SHARE } from '../../tools/network-namespace.ts';
import { shapeLinks, unshapeLinks } from './links.ts';
import { Web } from './web.ts';

const MBITS = 100;
const FILE_BYTES = 96 * 1024 * 1024;
const PEERS_A_NODE = 2;
/** Every byte has to go through one link: into the one downloader, or out of the one holder. */
const OPTIMUM_SECONDS = (FILE_BYTES * 8) / (MBITS * 1e6 * PAYLOAD_SHARE);
/** Below this share of what the links allow something hangs, and no busy machine explains it. */
const CRAWL = 0.1;

const isOurs = (await theCluster()).isLocal;
let peersOf: ReadonlyMap<string, readonly PeerPod[]>;

labOfFile('lan', async (open) => {
  if (!isOurs) return;
  const topologySpread = { whenUnsatisfiable: 'DoNotSchedule' };
  await open.install({ values: { peer: { replicas: PEERS_A_NODE * NODES.length, compression: 'never', topologySpread } } });
  const names = Array.from({ length: PEERS_A_NODE * NODES.length }, (_, index) => open.peer(index));
  const nodeOf = new Map((await open.placed()).map(({ name, node }) => [name, node]));
  peersOf = new Map(NODES.map((node) => [node.name, names.filter(({ name }) => nodeOf.get(name) === node.name)]));
});

beforeAll(async () => {
  if (isOurs) await shapeLinks(MBITS);
});

afterAll(async () => {
  if (isOurs) await unshapeLinks();
});

function nodeAt(index: number): LocalNode {
  const node = NODES[index];
  if (node === undefined) throw new Error(`there are ${NODES.length} nodes`);
  return node;
}

function peer(node: number, index: number): PeerPod {
  const found = peersOf.get(nodeAt(node).name)?.[index];
  if (found === undefined) throw new Error(`node ${node} has no peer ${index}`);
  return found;
}

/** Seconds that curl takes on these nodes, from one nginx on the first node; undefined where there is no nginx. */
async function curl(nodes: readonly LocalNode[]): Promise<number | undefined> {
  if (lacksPrograms(['nginx', 'curl'], '')() !== undefined) return undefined;
  const web = await Web.start(nodeAt(0), FILE_BYTES);
  try {
    return await web.seconds(nodes);
  } finally {
    await web.stop();
  }
}

/** Prints what was achieved of what the links allow, and returns it. */
function achieved(what: string, figures: { readonly seconds: number; readonly goal: number; readonly curl: number | undefined }): number {
  const ratio = OPTIMUM_SECONDS / figures.seconds;
  const beside = figures.curl === undefined ? 'curl was not measured: no nginx' : `curl from one nginx: ${figures.curl.toFixed(2)} s`;
  console.log(
    `${what}: ${ratio.toFixed(3)} of what links of ${MBITS} Mbit/s allow (goal ${figures.goal}); ` +
      `${figures.seconds.toFixed(2)} s, optimum ${OPTIMUM_SECONDS.toFixed(2)} s; ${beside}`,
  );
  return ratio;
}

async function secondsOf(peers: readonly PeerPod[], name: string): Promise<number> {
  const done = await Promise.all(peers.map((each) => each.get(name)));
  return Math.max(...done.map(({ totalMs }) => totalMs)) / 1000;
}

it.skipIf(!isOurs)('one node downloads from peers on the two others', async () => {
  const [first, second, downloader] = [peer(0, 0), peer(1, 0), peer(2, 0)];
  const sha256 = await first.shareRandom('one.bin', FILE_BYTES);
  await second.get('one.bin');
  await downloader.listed('one.bin', 2);
  const seconds = await secondsOf([downloader], 'one.bin');
  expect(await downloader.sha256(`${DOWNLOADS}/one.bin`)).toBe(sha256);
  expect(achieved('two nodes to one', { seconds, goal: 0.95, curl: await curl([nodeAt(2)]) })).toBeGreaterThan(CRAWL);
});

describe('peers on every node download from one: a flash crowd', () => {
  it.skipIf(!isOurs)('of one peer a node', async () => {
    await crowd('crowd-3.bin', [peer(0, 1), peer(1, 0), peer(2, 0)]);
  });

  // The links allow as much, to who lets peers of one node fetch each byte over its link once.
  it.skipIf(!isOurs)('of up to two peers a node', async () => {
    await crowd('crowd-5.bin', [peer(0, 1), peer(1, 0), peer(1, 1), peer(2, 0), peer(2, 1)]);
  });
});

async function crowd(name: string, peers: readonly PeerPod[]): Promise<void> {
  const sha256 = await peer(0, 0).shareRandom(name, FILE_BYTES);
  await Promise.all(peers.map((each) => each.listed(name, 1)));
  const seconds = await secondsOf(peers, name);
  const sums = await Promise.all(peers.map((each) => each.sha256(`${DOWNLOADS}/${name}`)));
  expect(sums).toEqual(peers.map(() => sha256));
  const nodes = NODES.flatMap((node) => peers.filter((each) => peersOf.get(node.name)?.includes(each)).map(() => node));
  expect(achieved(`one peer to ${peers.length} others`, { seconds, goal: 0.85, curl: await curl(nodes) })).toBeGreaterThan(CRAWL);
}
