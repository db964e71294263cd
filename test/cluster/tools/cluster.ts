// Which cluster the suite runs on: the one P2P_TEST_KUBECONFIG names, or the local one of `npm run cluster:up`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lacksHelm } from '../../../scripts/helm/binaries.mjs';
import { binariesDir } from '../local/binaries.mjs';
import { isLoaded } from '../local/images.mjs';
import { KUBECONFIG } from '../local/settings.mjs';
import { start } from './run.ts';

const ANSWER_MS = 20_000;

export interface Cluster {
  readonly kubeconfig: string;
  /** The program: the local cluster's own, which fits its server, or the one of the PATH. */
  readonly kubectl: string;
  /** Whether it is the local one, whose nodes and cables may be touched. */
  readonly isLocal: boolean;
}

/** The cluster to use, whether it answers or not; undefined when there is none. */
export async function findCluster(): Promise<Cluster | undefined> {
  const named = process.env['P2P_TEST_KUBECONFIG'];
  const built = join(await binariesDir(), 'kubectl');
  const kubectl = existsSync(built) ? built : 'kubectl';
  if (named !== undefined) return { kubeconfig: named, kubectl, isLocal: false };
  return existsSync(KUBECONFIG) ? { kubeconfig: KUBECONFIG, kubectl, isLocal: true } : undefined;
}

/** The cluster to use. Throws with how to get one. */
export async function theCluster(): Promise<Cluster> {
  const cluster = await findCluster();
  if (cluster === undefined) throw new Error(NONE);
  return cluster;
}

/** The image that the chart asks for. */
const IMAGE = 'p2p:0.1.0';
const BRING = `\`npm run image\` and \`npm run cluster:up -- ${IMAGE}\``;
const REMEDY = `as root on Debian, ${BRING} make one; or let P2P_TEST_KUBECONFIG name one whose nodes have the image ${IMAGE}`;
const NONE = `there is no cluster: ${REMEDY}`;

/** Why the suite cannot run, and how to enable it; undefined when it can. */
export async function lacksCluster(): Promise<string | undefined> {
  const cluster = await findCluster();
  if (cluster === undefined) return NONE;
  const { kubectl, kubeconfig } = cluster;
  const words = [`--kubeconfig=${kubeconfig}`, 'get', 'nodes', '--output=name', '--request-timeout=10s'];
  const asked = await start(kubectl, words, { deadlineMs: ANSWER_MS }).outcome.catch(() => undefined);
  if (asked === undefined) return 'no kubectl: `npm run cluster:build` builds one (about ten minutes, once; needs Go 1.26)';
  if (asked.code !== 0) {
    const why = asked.stderr.trim().split('\n').at(-1);
    return `the cluster of ${kubeconfig} does not answer (${why}): ${REMEDY}`;
  }
  // Whether another cluster has it, or where it would get it, nobody here can tell.
  if (cluster.isLocal && !(await isLoaded(IMAGE))) return `the nodes of the cluster have no image ${IMAGE}: ${BRING} bring it there`;
  return lacksHelm();
}
