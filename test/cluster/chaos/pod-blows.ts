// Blows to pods, through the API server.
import { eventually } from '../../tools/metrics.ts';
import type { Battle } from './battle.ts';

const RESTART_DEADLINE_MS = 90_000;
const FORCE = ['--grace-period=0', '--force'];

/** Deletes holders; returns when the API server has taken the order. */
export async function deleteHolders(battle: Battle, options: { readonly count: number; readonly isForced: boolean }): Promise<void> {
  const names = battle.victims(options.count).map(({ name }) => name);
  const how = options.isForced ? FORCE : [];
  battle.note({ what: `kubectl delete pod ${how.join(' ')}`.trimEnd(), victims: names });
  await battle.swarm.lab.kubectl(['delete', 'pod', ...names, '--wait=false', ...how]);
}

/** Deletes the diary's pod. It owes nobody a segment: all that is under way at that moment is at stake. */
export async function deleteDiary(battle: Battle): Promise<void> {
  battle.note({ what: 'kubectl delete pod of the diary', victims: battle.swarm.holders.map(({ name }) => name), isBystander: true });
  await battle.swarm.lab.kubectl(['delete', 'pod', '--selector=app.kubernetes.io/component=diary', '--wait=false', ...FORCE]);
}

/** Deletes the pod that downloads, and follows the download in its next life. */
export async function deleteDownloader(battle: Battle): Promise<void> {
  const { lab, downloaders } = battle.swarm;
  const [pod] = downloaders;
  if (pod === undefined) throw new Error('somebody downloads');
  const uid = async (): Promise<string | undefined> => (await battle.swarm.lab.placed()).find(({ name }) => name === pod.name)?.uid;
  const before = await uid();
  battle.note({ what: 'kubectl delete pod of the downloader', victims: [pod.name] });
  await lab.kubectl(['delete', 'pod', pod.name, '--wait=false', ...FORCE]);
  await eventually(uid, (now) => now !== undefined && now !== before, RESTART_DEADLINE_MS);
  await lab.wait(`pod/${pod.name}`, 'condition=Ready');
  battle.reattach();
}

/** Takes the last two holders away for good. */
export async function scaleDown(battle: Battle): Promise<void> {
  const { lab, holders, pods } = battle.swarm;
  const victims = holders.slice(-2).map(({ name }) => name);
  const replicas = pods.length - victims.length;
  battle.note({ what: `kubectl scale --replicas=${replicas}`, victims });
  await lab.kubectl(['scale', 'statefulset/p2p-peer', `--replicas=${replicas}`]);
}

/** Restarts every holder, one after the other from the last; the downloader's own restart is another scenario. */
export async function restartHolders(battle: Battle): Promise<void> {
  const { lab, holders, downloaders } = battle.swarm;
  const spec = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: downloaders.length } } };
  await lab.kubectl(['patch', 'statefulset/p2p-peer', '--type=merge', '--patch', JSON.stringify({ spec })]);
  battle.note({ what: 'kubectl rollout restart', victims: holders.slice(-1).map(({ name }) => name) });
  await lab.kubectl(['rollout', 'restart', 'statefulset/p2p-peer']);
}
