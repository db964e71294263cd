/** The chart as Helm renders it: a few hundred milliseconds a call, without a cluster. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { helmPath } from '../../scripts/helm/binaries.mjs';
import type { Manifest } from './manifest.ts';

export const CHART = fileURLToPath(new URL('../../charts', import.meta.url));
export const HELMS = [4, 3] as const;
export type HelmMajor = (typeof HELMS)[number];
/** A Helm 3 that was built from its module takes Kubernetes to be 1.20 unless told. */
const TEMPLATE = ['template', 'p2p', CHART, '--namespace', 'lab', '--kube-version', '1.34.0'];

export interface HelmRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function helm(args: readonly string[], { major = 4, values }: { major?: HelmMajor; values?: object } = {}): Promise<HelmRun> {
  const all = values === undefined ? args : [...args, '--values', '-'];
  return new Promise((resolve) => {
    const child = execFile(helmPath(major), all, { timeout: 50_000, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(values === undefined ? '' : JSON.stringify(values));
  });
}

export interface Rendered {
  /** Every manifest, in Helm's order. */
  readonly all: readonly Manifest[];
  /** The one of this kind whose name ends so. Throws when there is none. */
  one(kind: string, nameEnd?: string): Manifest;
}

export async function render(values: object = {}, options: { major?: HelmMajor; args?: readonly string[] } = {}): Promise<Rendered> {
  const { args = [], ...rest } = options;
  const { code, stdout, stderr } = await helm([...TEMPLATE, ...args], { ...rest, values });
  if (code !== 0) throw new Error(stderr);
  const documents = parseAllDocuments(stdout);
  if (!Array.isArray(documents)) throw new Error('Helm rendered nothing');
  const all = documents.map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS() as Manifest | null;
  });
  const manifests = all.filter((manifest) => manifest !== null);
  return {
    all: manifests,
    one(kind, nameEnd = '') {
      const found = manifests.filter((manifest) => manifest.kind === kind && manifest.metadata.name.endsWith(nameEnd));
      const [first] = found;
      if (first === undefined || found.length > 1) throw new Error(`${found.length} of ${kind} …${nameEnd} were rendered`);
      return first;
    },
  };
}

/** What Helm says when it refuses these values. Throws when it accepts them. */
export async function refusal(values: object, major: HelmMajor = 4): Promise<string> {
  const { code, stderr } = await helm(TEMPLATE, { major, values });
  if (code === 0) throw new Error('the values were accepted');
  return stderr;
}

/** The environment of the first container of a workload: a value, or "from" for what the cluster fills in. */
export function environment(workload: Manifest): Record<string, string> {
  const { containers } = workload.kind === 'Pod' ? workload.spec : workload.spec.template.spec;
  return Object.fromEntries(containers[0].env.map(({ name, value }) => [name, value ?? 'from']));
}
