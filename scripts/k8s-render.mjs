// npm run k8s:render: writes k8s/, the plain manifests of a default install, from the chart. With --check it only compares,
// and exits 1 where they differ.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { helmPath, lacksHelm } from './helm/binaries.mjs';

const folder = fileURLToPath(new URL('../k8s/', import.meta.url));
const chart = fileURLToPath(new URL('../charts/', import.meta.url));
const HEADER = '# Rendered from charts/ by `npm run k8s:render`: change the chart, not this.\n';
/** Labels that say Helm made it. */
const HELM_LABELS = ['helm.sh/chart', 'app.kubernetes.io/managed-by'];

const lacking = lacksHelm();
if (lacking !== undefined) {
  console.error(lacking);
  process.exit(1);
}
const { status, stdout, stderr } = spawnSync(helmPath(4), ['template', 'p2p', chart, '--no-hooks'], { encoding: 'utf8' });
if (status !== 0) {
  console.error(stderr);
  process.exit(1);
}
const files = manifests(stdout);
if (process.argv.includes('--check')) check();
else write();

function manifests(rendered) {
  const found = new Map();
  for (const document of parseAllDocuments(rendered)) {
    if (document.errors.length > 0) throw document.errors[0];
    if (document.contents === null) continue;
    for (const label of HELM_LABELS) document.deleteIn(['metadata', 'labels', label]);
    // Helm's remark on where it came from; the replica count that upgrades compare with is of no use without it.
    document.commentBefore = undefined;
    document.contents.commentBefore = undefined;
    document.deleteIn(['metadata', 'annotations']);
    const { kind, metadata } = document.toJS();
    const name = `${metadata.name}-${kind.toLowerCase()}.yaml`;
    found.set(name, `${HEADER}${document.toString({ directives: false, lineWidth: 0 }).replace(/^---\n/, '')}`);
  }
  const resources = [...found.keys()].toSorted((left, right) => left.localeCompare(right)).map((name) => `  - ${name}\n`);
  const kustomization = ['apiVersion: kustomize.config.k8s.io/v1beta1\n', 'kind: Kustomization\n', 'resources:\n', ...resources];
  return found.set('kustomization.yaml', HEADER + kustomization.join(''));
}

function write() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, text] of files) writeFileSync(`${folder}${name}`, text);
  console.log(`k8s/: ${[...files.keys()].join(', ')}`);
}

function check() {
  const there = new Set(readdirSync(folder));
  const wrong = [...files]
    .filter(([name, text]) => !there.has(name) || readFileSync(`${folder}${name}`, 'utf8') !== text)
    .map(([name]) => name);
  wrong.push(...[...there].filter((name) => !files.has(name)));
  if (wrong.length === 0) return;
  console.error(`k8s/ does not match the chart (${wrong.join(', ')}): run \`npm run k8s:render\``);
  process.exitCode = 1;
}
