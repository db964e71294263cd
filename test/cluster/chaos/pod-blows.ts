// Blows to pods, through the API server.
import type { Battle } from './battle.ts';

/** Deletes holders; returns when the API server has taken the order. */
export async function deletePods(battle: Battle, options: { readonly count: number; readonly isForced: boolean }): Promise<void> {
  const names = battle.victims(options.count).map(({ name }) => name);
  const how = options.isForced ? ['--grace-period=0', '--force'] : [];
  battle.note(`kubectl delete pod ${how.join(' ')}`.trimEnd(), names);
  await battle.swarm.lab.kubectl(['delete', 'pod', ...names, '--wait=false', ...how]);
}
