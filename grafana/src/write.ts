// npm run grafana [-- --check]: writes the dashboards and rules as files that Grafana and Prometheus load; --check only compares.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cluster } from './cluster.ts';
import { downloads } from './downloads.ts';
import { rules } from './rules.ts';
import { whySlow } from './why-slow.ts';

const FILES: Readonly<Record<string, string>> = {
  'dashboards/p2p-downloads.json': jsonOf(downloads.build()),
  'dashboards/p2p-cluster.json': jsonOf(cluster.build()),
  'dashboards/p2p-why-slow.json': jsonOf(whySlow.build()),
  'rules/p2p.rules.yaml': rules(),
};

const isCheck = process.argv.includes('--check');
let differing = 0;
for (const [name, text] of Object.entries(FILES)) {
  const path = fileURLToPath(new URL(`../${name}`, import.meta.url));
  if (!isCheck) {
    await mkdir(fileURLToPath(new URL(`../${name.split('/')[0] ?? ''}`, import.meta.url)), { recursive: true });
    await writeFile(path, text);
  } else if ((await readFile(path, 'utf8')) !== text) {
    process.stderr.write(`grafana/${name} is not what its source makes: run \`npm run grafana\` and commit it\n`);
    differing += 1;
  }
}
process.exitCode = differing === 0 ? 0 : 1;

function jsonOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
