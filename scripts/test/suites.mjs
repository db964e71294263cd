import { lacksBottlenecks } from '../../test/bottlenecks/lacks.ts';
import { lacksPython } from '../../test/interop/python.ts';
import { lacksCluster } from '../../test/cluster/tools/cluster.ts';
import { lacksHelm } from '../helm/binaries.mjs';
import { lacksPrograms } from './lacks.mjs';
import { lacksEngine } from './engine.mjs';

/**
 * The suites in the order they run: what is quick to fail comes first. Each is a project of vitest.config.ts. `minutes`
 * is what it may take on two cores with other work beside it; `lacks` says what this machine lacks to run it, and how
 * to get that.
 */
export const SUITES = [
  { name: 'tools', what: 'the rules of the house can fail, and the README says what the code does', minutes: 3 },
  { name: 'unit', what: 'every part by itself', minutes: 5 },
  { name: 'contract', what: 'ports: every implementation keeps the same promises', minutes: 5 },
  {
    name: 'seeing',
    what: 'every panel and rule against a real Prometheus that scraped a real download',
    minutes: 4,
    lacks: lacksPrograms(['prometheus', 'promtool'], 'apt-get install prometheus'),
  },
  { name: 'simulation', what: 'the planner on a virtual clock, in thousands of swarms that a seed makes up', minutes: 4 },
  { name: 'fuzz', what: 'a live diary and a live peer under bytes, frames, messages and connections that nobody should send', minutes: 6 },
  { name: 'interop', what: 'a peer in Python, written from docs/PROTOCOL.md, with the real ones', minutes: 3, lacks: lacksPython },
  { name: 'chart', what: 'what the Helm chart renders for which values, and what it refuses', minutes: 3, lacks: lacksHelm },
  { name: 'system', what: 'real processes on loopback, through the command', minutes: 20 },
  { name: 'faults', what: 'what dies, stops, lies or fills up under a download, at seeded random moments', minutes: 8 },
  {
    name: 'bottlenecks',
    what: 'a slow source, link, disk or CPU, and a delay: p2p explain and the dashboard name it',
    minutes: 4,
    lacks: () =>
      lacksBottlenecks() ?? lacksPrograms(['prometheus', 'ip', 'tc', 'mkfs.ext2'], 'apt-get install prometheus iproute2 e2fsprogs')(),
  },
  { name: 'soak', what: 'a minute of downloads, joins and kills leaves nothing behind', minutes: 8 },
  { name: 'timing', what: 'how long the segments of a struck holder wait, over many blows', minutes: 15 },
  { name: 'containers', what: 'the image, in containers that are killed, paused and cut off', minutes: 20, lacks: lacksEngine },
  { name: 'cluster', what: 'the chart on a real Kubernetes: installed, scaled, upgraded, uninstalled', minutes: 15, lacks: lacksCluster },
  {
    name: 'chaos',
    what: 'blows at seeded random moments to pods and nodes of a real Kubernetes, and what its LAN carries',
    minutes: 15,
    lacks: async () => (await lacksCluster()) ?? lacksPrograms(['prometheus'], 'apt-get install prometheus')(),
  },
];
