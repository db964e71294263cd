import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MUTATIONS, type Mutation } from './mutations.ts';
import { print } from './seeds.ts';

const root = join(import.meta.dirname, '../..');
const source = join(root, 'libs/transfer/src');
/** Each bug must be caught within so many seeds. */
const SEEDS = 200;

let folder: string;

beforeEach(async () => {
  // Within the repository, where a copy finds the packages it imports.
  const cache = join(root, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  folder = await mkdtemp(join(cache, 'p2p-mutant-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Copies the scheduler and its simulator, without types, with one bug in it. */
async function copy(mutation: Mutation | undefined): Promise<void> {
  const files = (await readdir(source, { recursive: true })).filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'));
  for (const file of files) {
    let code = await readFile(join(source, file), 'utf8');
    if (file === mutation?.file) {
      if (code.split(mutation.from).length !== 2) throw new Error(`"${mutation.from}" does not stand once in ${file}`);
      code = code.replace(mutation.from, mutation.to);
    }
    const target = join(folder, file.replace(/[.]ts$/, '.js'));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, stripTypeScriptTypes(code));
  }
}

/** What failed first in so many seeds; undefined when nothing did. In a thread of its own: a bug may be an endless loop. */
async function firstFailure(): Promise<string | undefined> {
  const worker = new Worker(new URL('mutant-worker.ts', import.meta.url), { workerData: { folder, seeds: SEEDS }, stderr: true });
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  } finally {
    await worker.terminate();
  }
}

describe('a deliberate bug in the scheduler is caught', () => {
  it('none > nothing fails', async () => {
    await copy(undefined);
    expect(await firstFailure()).toBeUndefined();
  });

  it.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))('%s', async (name, mutation) => {
    await copy(mutation);
    const failure = await firstFailure();
    print(`${name}: ${failure ?? 'NOT CAUGHT'}`);
    expect(failure).toBeDefined();
  });
});
