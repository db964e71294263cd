// Once before the suite: namespaces and volumes of runs that were killed go.
import { theCluster } from './cluster.ts';
import { RUN_LABEL } from './namespace.ts';
import { run } from './run.ts';

interface Labelled {
  readonly items: readonly { readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> } }[];
}

export async function setup(): Promise<void> {
  const { kubectl, kubeconfig, isLocal } = await theCluster();
  // Of another cluster, nobody here can tell which of its users is still at work.
  if (!isLocal) return;
  // Volumes after the namespaces that use them.
  for (const kind of ['namespace', 'persistentvolume']) {
    const found = await run(kubectl, [`--kubeconfig=${kubeconfig}`, 'get', kind, `--selector=${RUN_LABEL}`, '--output=json']);
    const { items } = JSON.parse(found) as Labelled;
    const orphans = items.filter(({ metadata }) => !lives(Number(metadata.labels[RUN_LABEL])));
    if (orphans.length === 0) continue;
    const names = orphans.map(({ metadata }) => metadata.name);
    console.log(`removing what an earlier run left: ${names.join(', ')}`);
    await run(kubectl, [`--kubeconfig=${kubeconfig}`, 'delete', kind, ...names, '--ignore-not-found']);
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
