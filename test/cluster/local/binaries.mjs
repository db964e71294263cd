// What no package of the machine has: Kubernetes in one binary, CoreDNS, and a program that pauses. Built from their Go modules, once.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE_DIR, COREDNS_VERSION, KUBERNETES_SOURCE, KUBERNETES_VERSION, PAUSE_SOURCE, PROGRAMS } from './settings.mjs';
import { run, show, step } from './shell.mjs';

const LEAN = ['-trimpath', '-ldflags=-s -w'];

/** The folder of the binaries, whether they are there or not: named after a hash of all they are made of. */
export async function binariesDir() {
  const hash = createHash('sha256').update(`${KUBERNETES_VERSION} ${COREDNS_VERSION} ${process.arch}\n`);
  for (const folder of [KUBERNETES_SOURCE, PAUSE_SOURCE]) {
    for (const name of (await readdir(folder)).sort()) hash.update(name).update(await readFile(join(folder, name)));
  }
  return join(CACHE_DIR, `cluster-${hash.digest('hex').slice(0, 16)}`);
}

/** The folder of the binaries. Throws when they are not built. */
export async function builtBinaries() {
  const folder = await binariesDir();
  if (!existsSync(folder))
    throw new Error('the cluster’s programs are not built; run `npm run cluster:build` (about ten minutes, once; needs Go 1.26)');
  return folder;
}

/** Builds what is missing. A build that was cut short leaves nothing that looks finished. */
export async function buildBinaries() {
  const folder = await binariesDir();
  if (existsSync(folder)) return folder;
  const version = await run('go', ['version']).catch(() => {
    throw new Error('building Kubernetes needs Go 1.26 or newer: https://go.dev/dl');
  });
  console.log(version);
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  try {
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' };
    await step(`Kubernetes ${KUBERNETES_VERSION}`, () =>
      show('go', ['build', '-trimpath', `-ldflags=-s -w ${versionFlags()}`, '-o', join(unfinished, 'kubernetes'), '.'], {
        cwd: KUBERNETES_SOURCE,
        env,
      }),
    );
    await step(`CoreDNS ${COREDNS_VERSION}`, () =>
      show('go', ['install', ...LEAN, `github.com/coredns/coredns@v${COREDNS_VERSION}`], { env: { ...env, GOBIN: unfinished } }),
    );
    await step('pause', () => show('go', ['build', ...LEAN, '-o', join(unfinished, 'pause'), '.'], { cwd: PAUSE_SOURCE, env }));
    for (const name of PROGRAMS) await symlink('kubernetes', join(unfinished, name));
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** Without these the programs say version 0.0.0, and clients refuse to speak to them. */
function versionFlags() {
  const [major, minor] = KUBERNETES_VERSION.split('.');
  const values = { gitVersion: `v${KUBERNETES_VERSION}`, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  return Object.entries(values)
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(' ');
}
