import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { access, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getContainerRuntimeClient } from 'testcontainers';
import { expect, it } from 'vitest';
import { eventually } from '../tools/metrics.ts';
import { IMAGE, RUN_LABEL, runFolder } from './tools/run.ts';

const SWEPT_DEADLINE_MS = 30_000;

it('a run that is killed with all its processes leaves no container, no network, no volume and no file behind', async () => {
  const run = randomUUID();
  const folder = await mkdtemp(join(runFolder(), 'swept-'));
  await writeFile(join(folder, 'file'), 'content');
  const Labels = { [RUN_LABEL]: run };
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const sweeper = fileURLToPath(new URL('tools/sweeper.ts', import.meta.url));
  const program = `const { startSweeper } = await import(${JSON.stringify(sweeper)}); startSweeper('${RUN_LABEL}=${run}', ${JSON.stringify(folder)}); setInterval(() => 0, 1000); console.log('up');`;
  const killed = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(killed.stdout, 'data');

  await dockerode.createVolume({ Name: `p2p-test-${run}`, Labels });
  await dockerode.createNetwork({ Name: `p2p-test-${run}`, Labels });
  const container = await dockerode.createContainer({
    Image: IMAGE,
    Cmd: ['sleep', 'infinity'],
    Labels,
    HostConfig: { NetworkMode: `p2p-test-${run}`, Binds: [`p2p-test-${run}:/data`] },
  });
  await container.start();
  const left = async (): Promise<readonly number[]> => {
    const filters = { label: [`${RUN_LABEL}=${run}`] };
    const [containers, networks, volumes] = await Promise.all([
      dockerode.listContainers({ all: true, filters }),
      dockerode.listNetworks({ filters }),
      dockerode.listVolumes({ filters }),
    ]);
    return [containers.length, networks.length, volumes.Volumes?.length ?? 0];
  };
  expect(await left()).toEqual([1, 1, 1]);

  process.kill(-(killed.pid ?? 0), 'SIGKILL');
  expect(await eventually(left, (counts) => counts.every((count) => count === 0), SWEPT_DEADLINE_MS)).toEqual([0, 0, 0]);
  const isGone = (): Promise<boolean> =>
    access(folder).then(
      () => false,
      () => true,
    );
  await eventually(isGone, Boolean, SWEPT_DEADLINE_MS);
});
