// npm run fuzz [-- --minutes M] [--seed S]: the storm of test/fuzz for as long as is wanted; the seed it prints repeats it.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { run } from './test/run.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Beside the storm itself: starting, stopping, and waiting for quiet. */
const MINUTES_AROUND = 5;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' } } });
const minutes = numberOf('--minutes', values.minutes);
const env = { ...process.env, FUZZ_MINUTES: String(minutes) };
if (values.seed !== undefined) env.FUZZ_SEED = String(numberOf('--seed', values.seed));

const built = await run(['tsc', '-b'], { root, minutes: MINUTES_AROUND });
if (built.code !== 0) process.exit(1);
const fuzzed = await run(['vitest', 'run', '--project', 'fuzz', 'test/fuzz/storm.spec.ts'], {
  root,
  minutes: minutes + MINUTES_AROUND,
  env,
});
if (fuzzed.note !== undefined) console.error(fuzzed.note);
process.exitCode = fuzzed.code ?? 1;

function numberOf(flag, text) {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number) && number >= 0) return number;
  console.error(`${flag} takes a number of 0 or more, and got "${text}"`);
  return process.exit(2);
}
