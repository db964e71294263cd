// npm run grafana [-- --check]: writes the dashboards and rules as files that Grafana and Prometheus load, and the chart's copy of
// them; --check only compares. The chart has a copy, as it must be whole by itself and Helm remarks on every link it follows.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cluster } from './cluster.ts';
import { downloads } from './downloads.ts';
import { rules } from './rules.ts';
import { whySlow } from './why-slow.ts';

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

const made: Readonly<Record<string, string>> = {
  'dashboards/p2p-downloads.json': jsonOf(downloads.build()),
  'dashboards/p2p-cluster.json': jsonOf(cluster.build()),
  'dashboards/p2p-why-slow.json': jsonOf(whySlow.build()),
  'rules/p2p.rules.yaml': rules(),
};

/** Written by hand: how Grafana is to load them. */
const PROVISIONING = ['provisioning/datasources/p2p.yaml', 'provisioning/dashboards/p2p.yaml'];
const provisioning = await Promise.all(PROVISIONING.map(async (name) => [name, await readFile(path(`grafana/${name}`), 'utf8')] as const));

const files = [
  ...Object.entries(made).map(([name, text]) => [`grafana/${name}`, text] as const),
  ...[...Object.entries(made), ...provisioning].map(([name, text]) => [`charts/files/${name}`, text] as const),
];

const isCheck = process.argv.includes('--check');
let differing = 0;
for (const [name, text] of files) {
  if (!isCheck) {
    await mkdir(dirname(path(name)), { recursive: true });
    await writeFile(path(name), text);
  } else if ((await readFile(path(name), 'utf8').catch(() => undefined)) !== text) {
    process.stderr.write(`${name} is not what grafana/ makes: run \`npm run grafana\` and commit it\n`);
    differing += 1;
  }
}
process.exitCode = differing === 0 ? 0 : 1;

function jsonOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
