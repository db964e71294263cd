import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const P2P = fileURLToPath(new URL('../../bin/p2p.js', import.meta.url));
/** Some MB of output: many times what a pipe holds. */
const LINES = 20_000;

it('prints all of it, however slowly it is read', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'p2p-slow-reader-'));
  try {
    const head = { kind: 'download', version: 1, id: 'f', name: 'n', bytes: 1, startedAt: '', untilMs: 1, dropped: 0 };
    const moves = Array.from({ length: LINES }, (_, segment) => ({
      kind: 'redistributed',
      segment,
      source: 's',
      reason: 'source_left',
      atMs: 1,
    }));
    const file = path.join(folder, 'flight.ndjson');
    await writeFile(file, [head, ...moves].map((line) => `${JSON.stringify(line)}\n`).join(''));
    const child = spawn(process.execPath, [P2P, 'explain', file, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(child, 'close');
    // Nothing is taken before something is there: by then the command has little left to do but to print.
    await once(child.stdout, 'readable');
    const { handovers } = JSON.parse(await text(child.stdout)) as { readonly handovers: readonly unknown[] };
    expect(handovers).toHaveLength(LINES);
    expect(await closed).toEqual([0, null]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
