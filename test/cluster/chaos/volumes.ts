// Volumes for the peers of a release on our own cluster, which has no provisioner: folders of this machine, bound by hand.
import { chown, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { STATE_DIR } from '../local/settings.mjs';
import type { Lab } from '../tools/lab.ts';
import { RUN_LABEL, SETTLE_SECONDS } from '../tools/namespace.ts';

/** The chart's runAsUser and its group. */
const USER = 1000;

/**
 * One volume for each peer, and the claim that the StatefulSet would make itself. Nodes share this machine's disk: a pod
 * finds its volume on any of them. All are bound when this returns: a pod that meets a claim which is not may wait for
 * minutes until the scheduler looks at it again.
 */
export async function makeVolumes(lab: Lab, count: number): Promise<void> {
  const items: object[] = [];
  for (let number = 0; number < count; number += 1) {
    const path = join(folderOf(lab), String(number));
    const name = `data-p2p-peer-${number}`;
    const volumeName = `${lab.namespace}-${number}`;
    await mkdir(path, { recursive: true });
    await chown(path, USER, USER);
    items.push({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: volumeName, labels: { [RUN_LABEL]: String(process.ppid), 'p2p.test/namespace': lab.namespace } },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: '',
        hostPath: { path },
        claimRef: { namespace: lab.namespace, name },
      },
    });
    items.push({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: lab.namespace },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', volumeName, resources: { requests: { storage: '1Gi' } } },
    });
  }
  await lab.apply({ apiVersion: 'v1', kind: 'List', items });
  await lab.kubectl(['wait', 'persistentvolumeclaims', '--all', '--for=jsonpath={.status.phase}=Bound', `--timeout=${SETTLE_SECONDS}s`]);
}

/** Once the namespace is gone. */
export async function removeVolumes(lab: Lab): Promise<void> {
  await lab.kubectl(['delete', 'persistentvolumes', `--selector=p2p.test/namespace=${lab.namespace}`]);
  await rm(folderOf(lab), { recursive: true, force: true });
}

function folderOf(lab: Lab): string {
  return join(STATE_DIR, 'volumes', lab.namespace);
}
