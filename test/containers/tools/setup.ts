// Once before the suite: the image as the sources are now, and someone who tidies up whatever happens to us.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RUN_LABEL, RUN_VARIABLE, runFolder } from './run.ts';
import { startSweeper, type Sweeper } from './sweeper.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

let sweeper: Sweeper | undefined;

export function setup(): void {
  const { status } = spawnSync(process.execPath, ['scripts/image.mjs'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('the image could not be built');
  const run = randomUUID();
  process.env[RUN_VARIABLE] = run;
  // testcontainers' own sweeper is an image of a registry, and comes too late for what is watched here.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  sweeper = startSweeper(`${RUN_LABEL}=${run}`, runFolder());
  mkdirSync(runFolder());
}

export async function teardown(): Promise<void> {
  await sweeper?.[Symbol.asyncDispose]();
}
