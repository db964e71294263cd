// `kubectl port-forward` to a Service, as a user would look at it.
import type { Namespace } from './namespace.ts';
import { start, type Outcome } from './run.ts';

/** As long as the tests of one file may take. */
const DEADLINE_MS = 900_000;

export interface Forward {
  readonly url: string;
  close(): Promise<void>;
}

/** Forwards a free port of this machine to that of the Service. Throws with what kubectl said when it ends without one. */
export async function forward({ cluster, namespace }: Namespace, service: string, port: number): Promise<Forward> {
  const words = [`--kubeconfig=${cluster.kubeconfig}`, `--namespace=${namespace}`, 'port-forward', `service/${service}`, `:${port}`];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const running = start(cluster.kubectl, words, {
    deadlineMs: DEADLINE_MS,
    onLine(line) {
      const found = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (found !== undefined) resolve(`http://127.0.0.1:${found}`);
    },
  });
  void running.outcome.then(({ stderr }: Outcome) => reject(new Error(`kubectl port-forward ended: ${stderr}`)));
  return {
    url: await promise,
    async close() {
      running.kill();
      await running.outcome;
    },
  };
}
