// The scenarios, as data. Each strikes when a seeded share of the file is verified.
import { drainNode, loseNode, pullCable } from './node-blows.ts';
import { deleteDiary, deleteDownloader, deleteHolders, restartHolders, scaleDown } from './pod-blows.ts';
import { cutNetwork, killProcess } from './process-blows.ts';
import type { Scenario } from './scenario.ts';
import { HOLDERS } from './swarm.ts';

const POD = { level: 'pod', needs: 'any', downloaders: 1, pace: 'brisk', kills: true } as const;
/** Holders that are deleted by force have two seconds. */
const FORCED = { ...POD, pace: 'slow' } as const;
const NODE = { level: 'node', needs: 'local', downloaders: 1, pace: 'brisk', kills: true } as const;

export const SCENARIOS: readonly Scenario[] = [
  {
    ...FORCED,
    name: 'delete-one-forced',
    what: 'one holder is deleted without grace',
    strike: (battle) => deleteHolders(battle, { count: 1, isForced: true }),
  },
  {
    ...POD,
    name: 'delete-one-gracefully',
    what: 'one holder is deleted, and finishes what it owes',
    kills: false,
    strike: (battle) => deleteHolders(battle, { count: 1, isForced: false }),
  },
  {
    ...FORCED,
    name: 'delete-some',
    what: 'two or three holders are deleted at once',
    strike: (battle) => deleteHolders(battle, { count: battle.random() < 0.5 ? 2 : 3, isForced: true }),
  },
  {
    ...FORCED,
    name: 'delete-all-but-one',
    what: 'all holders but one are deleted at once',
    strike: (battle) => deleteHolders(battle, { count: HOLDERS - 1, isForced: true }),
  },
  {
    ...FORCED,
    name: 'delete-all',
    what: 'every holder is deleted, and comes back with its volume',
    needs: 'local',
    strike: (battle) => deleteHolders(battle, { count: HOLDERS, isForced: true }),
  },
  { ...POD, name: 'delete-diary', what: 'the diary is deleted', kills: false, strike: deleteDiary },
  {
    ...POD,
    name: 'delete-downloader',
    what: 'the pod that downloads is deleted, and resumes from its volume',
    needs: 'local',
    kills: false,
    strike: deleteDownloader,
  },
  { ...POD, name: 'scale-down', what: 'two of the holders are scaled away', kills: false, strike: scaleDown },
  { ...POD, name: 'rollout-restart', what: 'the holders are restarted one after the other', kills: false, strike: restartHolders },
  { ...POD, name: 'kill-process', what: 'the process of a holder is killed in its pod', needs: 'local', strike: killProcess },
  { ...POD, name: 'cut-network', what: 'a rule drops all packets at the interface of a holder', needs: 'local', strike: cutNetwork },
  {
    ...FORCED,
    name: 'two-downloaders',
    what: 'two download at once, and one holder is deleted without grace',
    downloaders: 2,
    strike: (battle) => deleteHolders(battle, { count: 1, isForced: true }),
  },
  { ...NODE, name: 'pull-cable', what: 'the cable of a node is pulled, and plugged in again', strike: pullCable },
  { ...NODE, name: 'lose-node', what: 'a node with holders loses its power', strike: loseNode },
  { ...NODE, name: 'drain-node', what: 'a node with holders is drained', kills: false, strike: drainNode },
];
