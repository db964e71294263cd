// npm run helm:build: builds the two Helms that the chart is checked with into the cache, unless they are there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HELM_VERSIONS, helmPath } from './helm/binaries.mjs';

if (spawnSync('go', ['version'], { stdio: 'inherit' }).status !== 0) {
  console.error('building Helm needs Go 1.26 or newer: https://go.dev/dl');
  process.exit(1);
}
for (const [major, version] of Object.entries(HELM_VERSIONS)) build(major, version);

/** A build that was cut short leaves nothing that looks finished. */
function build(major, version) {
  const path = helmPath(major);
  if (existsSync(path)) return;
  console.log(`building Helm ${version} (two to four minutes)`);
  const folder = dirname(path);
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    const module = `helm.sh/helm/v${major}/cmd/helm@v${version}`;
    const { status } = spawnSync('go', ['install', '-trimpath', `-ldflags=-s -w`, module], {
      stdio: 'inherit',
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOBIN: unfinished },
    });
    if (status !== 0) process.exit(1);
    mkdirSync(folder, { recursive: true });
    renameSync(join(unfinished, 'helm'), path);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
