import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from './run.mjs';

/** Runs one project of vitest.config.ts and returns what came of it. */
export async function runVitest({ name, minutes }, { root, files }) {
  const folder = await mkdtemp(join(tmpdir(), 'p2p-test-'));
  const reportPath = join(folder, 'report.json');
  try {
    const args = ['run', '--project', name, '--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`];
    // A filter that fits another suite leaves this one empty; without a filter an empty suite is a mistake.
    if (files.length > 0) args.push('--passWithNoTests', ...files);
    const { code, note, seconds } = await run(['vitest', ...args], { root, minutes });
    const counts = countsOf(await readReport(reportPath), root);
    // Vitest ended badly though every test it told of passed: an error outside of them, or no time left.
    if (code !== 0 && counts.failed === 0) {
      counts.failed = 1;
      counts.failures.push(note ?? `vitest ended with ${code}`);
    }
    return { ...counts, seconds, note };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readReport(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    // It was ended before it wrote one; the code says so.
    return { testResults: [] };
  }
}

function countsOf({ testResults }, root) {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const { name, status, assertionResults } of testResults) {
    const file = relative(root, name);
    for (const { status: outcome, fullName } of assertionResults) {
      if (outcome === 'passed') counts.passed += 1;
      else if (outcome === 'failed') counts.failed += 1;
      else counts.skipped += 1;
      if (outcome === 'failed') counts.failures.push(`${file} > ${fullName}`);
    }
    // A file that could not be loaded, or whose hooks failed, has no test to blame.
    if (status === 'failed' && !assertionResults.some(({ status: outcome }) => outcome === 'failed')) {
      counts.failed += 1;
      counts.failures.push(file);
    }
  }
  return counts;
}
