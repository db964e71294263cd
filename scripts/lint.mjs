// npm run lint: every rule of the house that a tool can hold. All steps run, so that one failure does not hide another.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const steps = [
  // First, because the next two read the types and packages that it puts out.
  { name: 'types', command: ['tsc', '-b'] },
  { name: 'code', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'imports', command: ['node', 'scripts/lint/imports.mjs'] },
  { name: 'format', command: ['oxfmt', '--check', '.'] },
  { name: 'unused', command: ['knip'] },
  { name: 'files', command: ['node', 'scripts/lint/file-sizes.mjs'] },
];

const failed = [];
for (const { name, command } of steps) {
  const [program, ...args] = command;
  const path = `${root}node_modules/.bin/${program}`;
  const startedAt = performance.now();
  const { status } = spawnSync(existsSync(path) ? path : program, args, { cwd: root, stdio: 'inherit' });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`lint ${name}: ${status === 0 ? 'passed' : 'FAILED'} (${seconds} s)\n`);
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`lint failed: ${failed.join(', ')}${failed.includes('format') ? ' (npm run format formats)' : ''}`);
  process.exitCode = 1;
}
