// npm run chaos [-- options]: the scenarios on the cluster, for as long as one likes.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { lacksCluster, theCluster } from '../tools/cluster.ts';
import { setup } from '../tools/setup.ts';
import { endlessPlan, randomSeed } from './plan.ts';
import { lineOf, tableOf } from './report.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { Session } from './session.ts';

const HELP = `npm run chaos -- [--minutes M] [--seed S] [--scenario NAME] [--rounds N] [--json FILE]

Strikes pods and nodes under a download, on the cluster of P2P_TEST_KUBECONFIG or the local one (npm run cluster:up).

  --minutes M      how long to go on; what runs then is finished (30)
  --rounds N       how many scenarios at most (no limit)
  --seed S         what the order, the moments and the victims follow from (a new one)
  --scenario NAME  this one alone, or several of them; one with the seed that the report gives for it replays it
  --json FILE      writes the report there too

scenarios:
${SCENARIOS.map(({ name, what, needs }) => `  ${name.padEnd(22)} ${what}${needs === 'local' ? ' (local cluster only)' : ''}`).join('\n')}

exit codes: 0 every promise was kept, 1 one was broken or a scenario failed, 2 a wrong option, 3 there is no cluster, 130 ended by a signal`;

const CODES = { kept: 0, broken: 1, usage: 2, noCluster: 3, interrupted: 130 } as const;

class BadOption extends Error {}

interface Options {
  readonly endAt: number;
  readonly rounds: number;
  readonly seed: number;
  readonly scenarios: readonly Scenario[];
  readonly json?: string;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof BadOption ? `${error.message}; --help tells more` : error);
  process.exitCode = error instanceof BadOption ? CODES.usage : CODES.broken;
}

async function main(words: readonly string[]): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) {
    console.log(HELP);
    return CODES.kept;
  }
  const options = optionsOf(words);
  const lacking = await lacksCluster();
  if (lacking !== undefined) {
    console.error(lacking);
    return CODES.noCluster;
  }
  await setup();
  return carryOut(await Session.open(await theCluster(), options.seed), options);
}

async function carryOut(session: Session, { endAt, rounds, seed, scenarios, json }: Options): Promise<number> {
  let isInterrupted = false;
  // The first one lets the scenario end and restore what it struck; the second ends everything.
  process.once('SIGINT', () => {
    isInterrupted = true;
    console.log('ending after this scenario; again to end at once');
  });
  console.log(`seed ${seed}`);
  for (const planned of endlessPlan(scenarios, seed)) {
    say(`${planned.scenario.name}: ${planned.scenario.what}`);
    const row = await session.run(planned);
    say(lineOf(row));
    if (isInterrupted || Date.now() >= endAt || session.rows.length >= rounds) break;
  }
  console.log(`\nseed ${seed}\n${tableOf(session.rows)}`);
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ seed, rows: session.rows }, undefined, 2)}\n`);
  if (isInterrupted) return CODES.interrupted;
  const isKept = session.rows.every(({ outcome }) => outcome === 'kept' || outcome === 'skipped');
  return isKept && session.rows.some(({ outcome }) => outcome === 'kept') ? CODES.kept : CODES.broken;
}

function say(line: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
}

function optionsOf(words: readonly string[]): Options {
  const { minutes, rounds, seed, scenario: names, json } = valuesOf(words);
  const unknown = names?.filter((wanted) => !SCENARIOS.some(({ name }) => name === wanted)) ?? [];
  if (unknown.length > 0) throw new BadOption(`there is no scenario ${unknown.join(', ')}`);
  const scenarios = SCENARIOS.filter(({ name }) => names?.includes(name) ?? true);
  return {
    endAt: Date.now() + numberOf('--minutes', minutes ?? '30') * 60_000,
    rounds: rounds === undefined ? Infinity : numberOf('--rounds', rounds),
    seed: seed === undefined ? randomSeed() : numberOf('--seed', seed),
    scenarios,
    ...(json === undefined ? {} : { json }),
  };
}

function valuesOf(words: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = { minutes: text, rounds: text, seed: text, scenario: { ...text, multiple: true }, json: text } as const;
  try {
    return parseArgs({ args: [...words], options }).values;
  } catch (error) {
    throw new BadOption(error instanceof Error ? error.message : String(error));
  }
}

function numberOf(flag: string, text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number) && number >= 0) return number;
  throw new BadOption(`${flag} takes a number of 0 or more, and not "${text}"`);
}
