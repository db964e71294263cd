// npm test [-- --only SUITE]… [FILE…]: builds, runs the suites, and closes with "N passed, N failed, N skipped".
//
// With P2P_TEST_REQUIRE=all (CI) a suite that this machine cannot run fails instead of being skipped.
import { fileURLToPath } from 'node:url';
import { run } from './test/run.mjs';
import { SUITES } from './test/suites.mjs';
import { runVitest } from './test/vitest.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { only, files } = readArguments(process.argv.slice(2));
const mustRunAll = process.env.P2P_TEST_REQUIRE === 'all';

const results = [];
const built = await run(['tsc', '-b'], { root, minutes: 5 });
if (built.code === 0) {
  for (const suite of SUITES.filter(({ name }) => only.length === 0 || only.includes(name))) results.push(await runSuite(suite));
} else {
  results.push({ name: 'build', passed: 0, failed: 1, skipped: 0, failures: ['tsc -b'], seconds: built.seconds, note: built.note });
}
printSummary();

async function runSuite(suite) {
  console.log(`\n=== ${suite.name}: ${suite.what} (at most ${suite.minutes} min)`);
  const lacking = await suite.lacks?.();
  if (lacking !== undefined) {
    console.log(`${mustRunAll ? 'CANNOT RUN' : 'skipped'}: ${lacking}`);
    const [failed, skipped] = mustRunAll ? [1, 0] : [0, 1];
    return { name: suite.name, passed: 0, failed, skipped, failures: mustRunAll ? [lacking] : [], seconds: 0, note: lacking };
  }
  return { name: suite.name, ...(await runVitest(suite, { root, files })) };
}

function printSummary() {
  const columns = ['suite', 'passed', 'failed', 'skipped', 'seconds', ''];
  const rows = results.map(({ name, passed, failed, skipped, seconds, note }) =>
    [name, passed, failed, skipped, seconds.toFixed(1), note ?? ''].map(String),
  );
  const widths = columns.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  console.log();
  for (const row of [columns, ...rows])
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    );
  const failures = results.flatMap(({ name, failures: each }) => each.map((title) => `${name}: ${title}`));
  if (failures.length > 0) console.log(`\nfailed:\n  ${failures.join('\n  ')}`);
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
  // Nothing that ran is nothing that was shown to work.
  if (passed + failed === 0) console.log('\nno test ran');
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
}

function readArguments(args) {
  const found = { only: [], files: [] };
  for (let index = 0; index < args.length; index += 1) {
    const [flag, inline] = args[index].split('=', 2);
    if (flag !== '--only') found.files.push(args[index]);
    else found.only.push(inline ?? args[(index += 1)]);
  }
  const unknown = found.only.filter((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    console.error(`there is no suite ${unknown.join(', ')}; there are ${SUITES.map(({ name }) => name).join(', ')}`);
    process.exit(2);
  }
  return found;
}
