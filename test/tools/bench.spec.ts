// The benches at a tiny size, so that they do not rot. What they measure here says nothing and is not looked at.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCommand, type CommandResult } from './command.ts';

const MAIN = fileURLToPath(new URL('../bench/main.mjs', import.meta.url));
/** They take some seconds; this long means that one hangs. */
const DEADLINE_MS = 100_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'p2p-bench-spec-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function bench(...args: readonly string[]): Promise<CommandResult> {
  return startCommand(MAIN, args, { env: process.env, deadlineMs: DEADLINE_MS }).result;
}

describe('npm run bench', { timeout: DEADLINE_MS + 20_000 }, () => {
  it('loopback > runs ours and the floor, prints a table, writes every run and the summary', async () => {
    const json = join(folder, 'loopback.json');
    const sizes = ['--rounds', '1', '--size', '2MiB', '--sources', '1,2', '--kinds', 'random'];
    const result = await bench('loopback', ...sizes, '--systems', 'ours,floor', '--folder', folder, '--json', json);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(result.stdout).toContain('| warm random 2 ours');
    const written = JSON.parse(await readFile(json, 'utf8')) as { runs: { seconds: number; peakMib: number }[]; summary: object[] };
    expect(written.runs).toHaveLength(4);
    expect(written.summary).toHaveLength(4);
    for (const { seconds, peakMib } of written.runs) {
      expect(seconds).toBeGreaterThan(0);
      expect(peakMib).toBeGreaterThan(0);
    }
  });

  it('observing > runs each way, and tells the ratios', async () => {
    const result = await bench('observing', '--lives', '1', '--rounds', '1', '--size', '1MiB', '--sources', '1');
    expect(result, result.stderr).toMatchObject({ code: 0 });
    for (const mode of ['nothing', 'metrics', 'traces']) expect(result.stdout).toContain(`| ${mode} `);
    expect(result.stdout).toMatch(/; [1-9]\d* batches of spans were received/);
  });

  it('loopback --check > what was not measured is not met: code 1', async () => {
    const sizes = ['--rounds', '1', '--size', '64KiB', '--sources', '1', '--kinds', 'random'];
    const result = await bench('loopback', ...sizes, '--systems', 'floor', '--folder', folder, '--check');
    expect(result, result.stderr).toMatchObject({ code: 1 });
    expect(result.stdout).toContain('not measured');
  });

  it('diary > a crowd joins, is asked for, and joins again after the diary was killed', async () => {
    const json = join(folder, 'diary.json');
    const result = await bench('diary', '--peers', '20', '--files', '5', '--questions', '20', '--json', json);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(await readFile(json, 'utf8'))).toMatchObject({ result: { connections: 20, files: 100 } });
  });

  it('an option or a bench that there is not > code 2, and what there is', async () => {
    const [unknown, wrong] = await Promise.all([bench('nothing'), bench('loopback', '--size', 'big')]);
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.stderr).toContain('loopback');
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).toContain('--size');
  });
});
