/** The script of `helm test`, run as its pod would run it, against a diary on loopback. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { mkdir } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { Stage } from '../tools/stage.ts';
import { environment, render } from './helm.ts';

const BIN = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url));
/** What the pod is given; a busy machine that tests much else is given twice that. */
const DEADLINE_MS = 55_000;

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return String(port);
}

/** In a command, Kubernetes makes one dollar sign of two, and leaves $(WORDS) that name no variable as they are. */
const asKubernetesPasses = (word: string): string => word.replaceAll('$$', '$');

it('shares from one peer, downloads with another and compares', { timeout: 3 * DEADLINE_MS }, async () => {
  await using stage = await Stage.open();
  const diary = await stage.startDiary();
  const pod = (await render()).one('Pod', '-test');
  expect(pod.spec.activeDeadlineSeconds * 1000).toBe(DEADLINE_MS);
  expect(pod.metadata.annotations?.['helm.sh/hook']).toBe('test');
  const work = await stage.path('work');
  await mkdir(work);
  const [shell, ...args] = pod.spec.containers[0].command.map(asKubernetesPasses);
  const { stdout } = await promisify(execFile)(shell ?? '', args, {
    timeout: 2 * DEADLINE_MS,
    env: {
      ...environment(pod),
      PATH: [BIN, process.env['PATH']].join(delimiter),
      P2P_DIARY: diary.address,
      WORK: work,
      FIRST_PORT: await freePort(),
      SECOND_PORT: await freePort(),
    },
  });
  expect(stdout).toMatch(/^8 MiB shared by one peer and downloaded by another through 127\.0\.0\.1:\d+; SHA-256 equal: [0-9a-f]{64}/);
});
