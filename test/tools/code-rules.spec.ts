import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
let tree: string;

function lint(path: string, text: string): { readonly status: number | null; readonly text: string } {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['--deny-warnings', path], {
    cwd: tree,
    encoding: 'utf8',
  });
  return { status, text: stdout + stderr };
}

const lines = (count: number): string => Array.from({ length: count }, (_, index) => `export const line${index} = ${index};\n`).join('');

beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'p2p-canary-'));
  copyFileSync(join(root, '.oxlintrc.json'), join(tree, '.oxlintrc.json'));
});

afterEach(() => {
  rmSync(tree, { recursive: true });
});

describe('the environment', () => {
  const text = 'export const home = process.env.HOME;\n';

  it('is read in config.ts', () => {
    expect(lint('apps/peer/src/config.ts', text)).toMatchObject({ status: 0 });
  });

  it.each(['apps/peer/src/main.ts', 'libs/service/src/config/setting.ts'])('is refused in %s', (path) => {
    expect(lint(path, text)).toMatchObject({ status: 1, text: expect.stringContaining('no-process-env') as string });
  });
});

describe('a file', () => {
  it('may have 300 lines', () => {
    expect(lint('libs/service/src/long.ts', lines(300))).toMatchObject({ status: 0 });
  });

  it('is refused with 301', () => {
    expect(lint('libs/service/src/long.ts', lines(301))).toMatchObject({ status: 1, text: expect.stringContaining('max-lines') as string });
  });

  it('of tests may have 500, and is refused with 501', () => {
    expect(lint('libs/service/src/long.spec.ts', lines(500))).toMatchObject({ status: 0 });
    expect(lint('libs/service/src/long.spec.ts', lines(501))).toMatchObject({
      status: 1,
      text: expect.stringContaining('max-lines') as string,
    });
  });
});
