import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A repository in small that breaks no rule. */
const CLEAN: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "canary", "type": "module" }',
  'node_modules/zod/package.json': '{ "name": "zod", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
  'node_modules/zod/index.js': 'export const z = 1;',
  'node_modules/undeclared/package.json': '{ "name": "undeclared", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
  'node_modules/undeclared/index.js': 'export const u = 1;',
  'libs/protocol/package.json': '{ "name": "@p2p/protocol", "type": "module", "dependencies": { "zod": "1" } }',
  'libs/protocol/src/index.ts': "import { z } from 'zod';\nexport const protocol = z;\n",
  'libs/transfer/package.json': '{ "name": "@p2p/transfer", "type": "module", "dependencies": { "zod": "1" } }',
  'libs/transfer/src/index.ts': 'export const transfer = 1;\n',
  'libs/transfer/src/index.spec.ts': "import 'node:fs';\n",
  'libs/service/package.json': '{ "name": "@p2p/service", "type": "module" }',
  'libs/service/src/index.ts': "import 'node:fs';\n",
  'apps/diary/package.json': '{ "name": "@p2p/diary", "type": "module" }',
  'apps/diary/src/main.ts': "import './leases/memory-store.js';\n",
  'apps/diary/src/leases/memory-store.ts': 'export const store = 1;\n',
  'apps/peer/package.json': '{ "name": "@p2p/peer", "type": "module" }',
  'apps/peer/src/peer.module.ts': "import './directory/diary-client.js';\nimport './serve/serve.js';\nimport './download/downloads.js';\n",
  'apps/peer/src/directory/diary-client.ts': 'export const client = 1;\n',
  'apps/peer/src/serve/serve.ts': 'export const serve = 1;\n',
  'apps/peer/src/download/downloads.ts': 'export const downloads = 1;\nexport interface Downloads {}\n',
};

/** For every rule, the files that break it. */
const VIOLATIONS: readonly (readonly [rule: string, path: string, text: string])[] = [
  ['protocol-is-pure', 'libs/protocol/src/file.ts', "import { readFile } from 'node:fs';\nexport { readFile };\n"],
  ['protocol-is-pure', 'libs/protocol/src/lib.ts', "export * from '../../transfer/src/index.js';\n"],
  ['transfer-is-pure', 'libs/transfer/src/clock.ts', "import { setTimeout } from 'node:timers';\nexport { setTimeout };\n"],
  ['transfer-is-pure', 'libs/transfer/src/service.ts', "export * from '../../service/src/index.js';\n"],
  ['transfer-is-pure', 'libs/transfer/src/zod.ts', "export { z } from 'zod';\n"],
  ['service-knows-no-app', 'libs/service/src/app.ts', "export * from '../../../apps/peer/src/serve/serve.js';\n"],
  ['diary-knows-no-peer', 'apps/diary/src/peer.ts', "export * from '../../peer/src/serve/serve.js';\n"],
  ['peer-knows-no-diary', 'apps/peer/src/diary.ts', "export * from '../../diary/src/main.js';\n"],
  [
    'serve-knows-no-download',
    'apps/peer/src/serve/download.ts',
    "import type { Downloads } from '../download/downloads.js';\nexport type D = Downloads;\n",
  ],
  ['download-knows-no-serve', 'apps/peer/src/download/serve.ts', "export const load = () => import('../serve/serve.js');\n"],
  [
    'adapters-are-named-in-modules-only',
    'apps/peer/src/control/status.ts',
    "import { client } from '../directory/diary-client.js';\nexport { client };\n",
  ],
  ['no-cycles', 'apps/peer/src/serve/self.ts', "import './other.js';\nexport const a = 1;\n"],
  ['no-orphan-imports', 'apps/peer/src/gone.ts', "import './nowhere.js';\n"],
  ['only-declared-packages', 'apps/peer/src/package.ts', "export { u } from 'undeclared';\n"],
  ['programs-import-no-tests', 'libs/service/src/test.ts', "import './some.spec.js';\n"],
];

let tree: string;

function write(path: string, text: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
}

function check(): { readonly status: number | null; readonly rules: readonly string[]; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/lint/imports.mjs'), 'apps', 'libs'], {
    cwd: tree,
    encoding: 'utf8',
  });
  const rules = [...stderr.matchAll(/^([a-z-]+): \S+ imports /gm)].map((match) => match[1] ?? '');
  return { status, rules: [...new Set(rules)], text: stdout + stderr };
}

beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'p2p-canary-'));
  copyFileSync(join(root, '.dependency-cruiser.mjs'), join(tree, '.dependency-cruiser.mjs'));
  for (const [path, text] of Object.entries(CLEAN)) write(path, text);
});

afterEach(() => {
  rmSync(tree, { recursive: true });
});

describe('the import rules', () => {
  it('let a repository through that breaks none', () => {
    const { status, text } = check();
    expect(text).toContain('0 against the rules');
    expect(status).toBe(0);
  });

  it('refuse a tree in which they find nothing to check', () => {
    for (const folder of ['apps', 'libs']) rmSync(join(tree, folder), { recursive: true });
    for (const folder of ['apps', 'libs']) mkdirSync(join(tree, folder));
    expect(check().status).toBe(1);
  });

  it.each(VIOLATIONS)('%s fails for %s, and no other rule does', (rule, path, text) => {
    write(path, text);
    if (rule === 'no-cycles') write('apps/peer/src/serve/other.ts', "import './self.js';\n");
    if (rule === 'programs-import-no-tests') write('libs/service/src/some.spec.ts', 'export {};\n');
    const found = check();
    expect(found.rules, found.text).toEqual([rule]);
    expect(found.text).toContain(path);
    expect(found.status).toBe(1);
  });

  it('each have a violation here', async () => {
    const config = (await import(join(root, '.dependency-cruiser.mjs'))) as {
      default: { forbidden: { name: string; comment: string; severity: string }[] };
    };
    const { forbidden } = config.default;
    expect(new Set(VIOLATIONS.map(([rule]) => rule))).toEqual(new Set(forbidden.map(({ name }) => name)));
    for (const { comment, severity } of forbidden) {
      expect(severity).toBe('error');
      expect(comment).toMatch(/\.$/);
    }
  });
});
