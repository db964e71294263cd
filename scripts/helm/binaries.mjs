import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The Helms that the chart is checked with, by major version. */
export const HELM_VERSIONS = { 4: '4.3.1', 3: '3.22.0' };

/** Where the Helm of this major version is, or would be: outside the repository, by its version. */
export function helmPath(major) {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return join(cache, 'p2p', `helm-${HELM_VERSIONS[major]}-${process.arch}`, 'helm');
}

/** What the suite of the chart lacks on this machine; undefined when nothing. */
export function lacksHelm() {
  const missing = Object.entries(HELM_VERSIONS).filter(([major]) => !existsSync(helmPath(major)));
  if (missing.length === 0) return undefined;
  return `Helm ${missing.map(([, version]) => version).join(' and ')} not found: npm run helm:build (a few minutes, once; needs Go 1.26 or newer)`;
}
