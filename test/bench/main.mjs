// npm run bench -- NAME [options]: measures what the shipped programs do, beside what others do on the same machine.
import { parseArgs } from 'node:util';
import { BadOption } from './options.mjs';

const BENCHES = {
  loopback: () => import('./loopback/bench.mjs'),
  links: () => import('./links/bench.mjs'),
  compression: () => import('./compression/bench.mjs'),
  diary: () => import('./diary/bench.mjs'),
  observing: () => import('./observing/bench.mjs'),
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));
const [name, ...args] = process.argv.slice(2);
try {
  const load = Object.hasOwn(BENCHES, name ?? '') ? BENCHES[name] : undefined;
  if (load === undefined) {
    throw new BadOption(`npm run bench -- NAME [options], where NAME is one of ${Object.keys(BENCHES).join(', ')}; NAME --help tells more`);
  }
  const bench = await load();
  if (args.includes('--help') || args.includes('-h')) console.log(bench.HELP);
  else process.exitCode = (await bench.run(parse(args, bench.OPTIONS))) ?? 0;
} catch (error) {
  console.error(error instanceof BadOption ? error.message : error);
  process.exitCode = error instanceof BadOption ? 2 : 1;
}
// What a bench that failed has left running ends with this process, and must not keep it.
process.exit();

function parse(values, options) {
  try {
    return parseArgs({ args: values, options }).values;
  } catch (error) {
    throw new BadOption(error.message);
  }
}
