import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/readme-tables.mjs', import.meta.url));

test('the tables of the README say what the code does', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, '--check']);
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
});
