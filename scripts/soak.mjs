// npm run soak [-- --minutes M] [--seed S]: the soak suite for as long as one likes.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { run } from './test/run.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`--minutes is a number above 0, and not ${values.minutes}`);
  process.exit(2);
}
const env = { ...process.env, SOAK_MINUTES: String(minutes), ...(values.seed === undefined ? {} : { SOAK_SEED: values.seed }) };
const built = await run(['tsc', '-b'], { root, minutes: 5 });
const soaked = built.code === 0 ? await run(['vitest', 'run', '--project', 'soak'], { root, minutes: minutes + 10, env }) : built;
process.exitCode = soaked.code === 0 ? 0 : 1;
