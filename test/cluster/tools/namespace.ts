// A namespace of a cluster: kubectl in it, waiting for what becomes of its objects, and telling what they say.
import { eventually } from '../../tools/metrics.ts';
import type { Cluster } from './cluster.ts';
import { run, start, type Outcome, type Running, type RunOptions } from './run.ts';

/** The label by which a namespace of a run is found; its value is the number of the process that made it. */
export const RUN_LABEL = 'p2p.test/process';

/** What a rollout, a deletion or an installation may take on a busy machine. */
export const SETTLE_SECONDS = 120;
/** Removing a namespace waits for its pods, which may take their grace. */
export const CLOSE_MS = 180_000;
const LOG_LINES_SHOWN = 30;
/** What has pods, and pods of nothing. */
const WORKLOADS = 'statefulsets,deployments,jobs,pods';

/** A pod of a namespace, and where it is. */
export interface Placed {
  readonly name: string;
  readonly uid: string;
  /** Empty while it has no place. */
  readonly node: string;
}

export class Namespace {
  readonly cluster: Cluster;
  readonly namespace: string;

  protected constructor(cluster: Cluster, namespace: string) {
    this.cluster = cluster;
    this.namespace = namespace;
  }

  /** Runs kubectl in the namespace; returns what it printed. Throws when it fails. */
  async kubectl(words: readonly string[], options: RunOptions = {}): Promise<string> {
    return run(this.cluster.kubectl, this.#words(words), options);
  }

  /** The same where a failure is what is asked about. */
  async tryKubectl(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.startKubectl(words, options).outcome;
  }

  /** The same where something is to be done while it runs. */
  startKubectl(words: readonly string[], options: RunOptions = {}): Running {
    return start(this.cluster.kubectl, this.#words(words), options);
  }

  /** What `kubectl get` says of these, parsed. */
  async get<T>(...words: readonly string[]): Promise<T> {
    return JSON.parse(await this.kubectl(['get', ...words, '--output=json'])) as T;
  }

  /** Where its pods are now. */
  async placed(): Promise<readonly Placed[]> {
    const { items } = await this.get<{
      readonly items: readonly {
        readonly metadata: { readonly name: string; readonly uid: string };
        readonly spec: { readonly nodeName?: string };
      }[];
    }>('pods');
    return items.map(({ metadata, spec }) => ({ name: metadata.name, uid: metadata.uid, node: spec.nodeName ?? '' }));
  }

  /** Applies an object. */
  async apply(object: object): Promise<void> {
    await this.kubectl(['apply', '--filename=-'], { input: JSON.stringify(object) });
  }

  /** Until `kubectl wait --for=CONDITION` says so. */
  async wait(what: string, condition: string): Promise<void> {
    await this.kubectl(['wait', what, `--for=${condition}`, `--timeout=${SETTLE_SECONDS}s`]);
  }

  /** Until a StatefulSet has exactly so many pods, all of them ready and as its template says. */
  async settled(set: string, replicas: number): Promise<void> {
    await this.wait(set, `jsonpath={.status.replicas}=${replicas}`);
    if (replicas === 0) return;
    await this.kubectl(['rollout', 'status', set, `--timeout=${SETTLE_SECONDS}s`]);
    await this.wait(set, `jsonpath={.status.readyReplicas}=${replicas}`);
  }

  /** The objects of these kinds that the namespace has, as KIND/NAME, sorted. Kubernetes' own are left out. */
  async objects(kinds: readonly string[]): Promise<readonly string[]> {
    const names = await this.kubectl(['get', kinds.join(','), '--output=name']);
    const own = new Set(['configmap/kube-root-ca.crt', 'serviceaccount/default']);
    return names
      .split('\n')
      .filter((name) => name !== '' && !own.has(name))
      .toSorted();
  }

  /** Until the namespace has nothing of these kinds but what is named, as objects() names it. */
  async emptied(kinds: readonly string[], but: readonly string[] = []): Promise<void> {
    await eventually(
      () => this.objects(kinds),
      (found) => found.join() === but.join(),
      SETTLE_SECONDS * 1000,
    );
  }

  /** Prints the pods, the events and the last that each container said. */
  async describe(): Promise<void> {
    const said = async (words: readonly string[]): Promise<void> => {
      const { stdout, stderr } = await this.tryKubectl(words);
      console.error(`--- kubectl ${words.join(' ')}\n${stdout}${stderr}`);
    };
    await said(['get', 'all,pvc', '--output=wide']);
    await said(['get', 'events', '--sort-by=.lastTimestamp']);
    const { stdout } = await this.tryKubectl(['get', 'pods', '--output=name']);
    for (const pod of stdout.split('\n').filter(Boolean)) {
      await said(['logs', pod, '--all-containers', `--tail=${LOG_LINES_SHOWN}`]);
      await said(['logs', pod, '--all-containers', '--previous', `--tail=${LOG_LINES_SHOWN}`]);
    }
  }

  /** Removes the namespace with everything in it, and waits for that. */
  async close(): Promise<void> {
    // Kubernetes looks at a namespace whose pods are still ending again after half their grace: 20 s, where they take two.
    // What remains here all the same, the namespace takes with it.
    await this.tryKubectl(['delete', WORKLOADS, '--all', '--cascade=foreground'], { deadlineMs: CLOSE_MS / 3 });
    await this.kubectl(['delete', 'namespace', this.namespace, '--ignore-not-found'], { deadlineMs: CLOSE_MS });
  }

  #words(words: readonly string[]): readonly string[] {
    return [`--kubeconfig=${this.cluster.kubeconfig}`, `--namespace=${this.namespace}`, ...words];
  }
}
