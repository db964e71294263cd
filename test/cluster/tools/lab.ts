// A namespace of its own for the tests of one file, with the chart in it; told of where a test fails, and gone after them.
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { helmPath } from '../../../scripts/helm/binaries.mjs';
import { ofFile } from '../../tools/of-file.ts';
import { theCluster } from './cluster.ts';
import { CLOSE_MS, Namespace, RUN_LABEL, SETTLE_SECONDS } from './namespace.ts';
import { PeerPod } from './peer-pod.ts';
import { start, type Outcome } from './run.ts';

export const CHART = fileURLToPath(new URL('../../../charts', import.meta.url));
export type HelmMajor = 3 | 4;

export interface HelmOptions {
  readonly major?: HelmMajor;
  readonly values?: object;
}

export interface ReleaseOptions extends HelmOptions {
  /** p2p, unless told otherwise. */
  readonly release?: string;
}

export class Lab extends Namespace {
  /** Makes the namespace. `labels` are those it has besides. */
  static async open(title: string, labels: Readonly<Record<string, string>> = {}): Promise<Lab> {
    const lab = new Lab(await theCluster(), `p2p-${title}-${randomUUID().slice(0, 8)}`);
    await lab.apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: lab.namespace, labels: { [RUN_LABEL]: String(process.ppid), ...labels } },
    });
    return lab;
  }

  /** Runs Helm in the namespace; returns what it printed. Throws when it fails. */
  async helm(words: readonly string[], options: HelmOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.tryHelm(words, options);
    if (code !== 0) throw new Error(`helm ${words.join(' ')} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** The same where a failure is what is asked about. */
  async tryHelm(words: readonly string[], { major = 4, values }: HelmOptions = {}): Promise<Outcome> {
    const all = ['--namespace', this.namespace, ...words, ...(values === undefined ? [] : ['--values', '-'])];
    const env = { ...process.env, KUBECONFIG: this.cluster.kubeconfig };
    return start(helmPath(major), all, { env, ...(values === undefined ? {} : { input: JSON.stringify(values) }) }).outcome;
  }

  /** `helm install RELEASE ./charts --wait`. Returns how long it took, in ms. */
  async install({ release = 'p2p', ...options }: ReleaseOptions = {}): Promise<number> {
    const startedAt = performance.now();
    await this.helm(['install', release, CHART, '--wait', `--timeout=${SETTLE_SECONDS}s`], options);
    return performance.now() - startedAt;
  }

  /** `helm upgrade RELEASE ./charts --wait`. */
  async upgrade({ release = 'p2p', ...options }: ReleaseOptions = {}): Promise<void> {
    await this.helm(['upgrade', release, CHART, '--wait', `--timeout=${SETTLE_SECONDS}s`], options);
  }

  /** A peer of the release, from 0. */
  peer(number: number, release = 'p2p'): PeerPod {
    return new PeerPod(this, `${release}-peer-${number}`);
  }

  /** Sets how many peers there are, and waits until that is so: the new ones are ready, the others gone. */
  async scale(replicas: number, release = 'p2p'): Promise<void> {
    await this.kubectl(['scale', `statefulset/${release}-peer`, `--replicas=${replicas}`]);
    await this.settled(`statefulset/${release}-peer`, replicas);
  }
}

/** A lab for the tests of one file: opened before them, described where one fails, closed after them. */
export function labOfFile(
  title: string,
  prepare: (lab: Lab) => Promise<void> = async () => undefined,
  labels: Readonly<Record<string, string>> = {},
): () => Lab {
  return ofFile({ name: 'lab', open: () => Lab.open(title, labels), prepare, closeMs: CLOSE_MS });
}
