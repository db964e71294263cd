import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const LAUNCHER = path.join(import.meta.dirname, '../bin/p2p-diary.js');

/** Runs the shipped program to its end; returns its exit code and what it wrote. */
async function run(
  arguments_: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const options = { env: { ...process.env, P2P_DIARY_PORT: '0', P2P_METRICS_PORT: '0', ...env } };
    return { code: 0, ...(await promisify(execFile)(process.execPath, [LAUNCHER, ...arguments_], options)) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

describe('p2p-diary', () => {
  test('--help names every setting', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const variable of ['P2P_DIARY_PORT', 'P2P_METRICS_PORT', 'P2P_LEASE_TTL_MS', 'P2P_LOG_LEVEL']) expect(stdout).toContain(variable);
  });

  test.each([
    [['--port', '65536'], {}, 'BAD_CONFIG: P2P_DIARY_PORT is "65536"'],
    [[], { P2P_LEASE_TTL_MS: '499' }, 'BAD_CONFIG: P2P_LEASE_TTL_MS is "499"'],
    [[], { P2P_LOG_LEVEL: 'loud' }, 'BAD_CONFIG: P2P_LOG_LEVEL is "loud"'],
    [['extra'], {}, 'BAD_CONFIG: '],
    [['--unknown'], {}, 'BAD_CONFIG: '],
  ])('with %j and %j says what is wrong on one line and exits with 3', async (arguments_, env, beginning) => {
    const { code, stdout, stderr } = await run(arguments_, env);
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^[^\n]*\n$/);
    expect(stderr.startsWith(beginning)).toBe(true);
  });
});
