// A Prometheus outside of the cluster, which outlives any node: it scrapes the pods through the API server, by `kubectl proxy`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Prometheus } from '../../seeing/prometheus.ts';
import type { Namespace } from '../tools/namespace.ts';

const METRICS_PORT = 9464;
const PROXY_DEADLINE_MS = 600_000;

/** Scrapes these pods every second, through all their lives. */
export async function startOutside(namespace: Namespace, pods: readonly string[]): Promise<Pick<Prometheus, 'range' | 'stop'>> {
  const { promise: said, resolve } = Promise.withResolvers<string>();
  const proxy = namespace.startKubectl(['proxy', '--port=0'], { deadlineMs: PROXY_DEADLINE_MS, onLine: resolve });
  const line = await Promise.race([said, proxy.outcome.then(({ stderr }) => stderr)]);
  const server = /127\.0\.0\.1:\d+/.exec(line)?.[0];
  if (server === undefined) throw new Error(`kubectl proxy does not serve: ${line}`);
  const folder = await mkdtemp(join(tmpdir(), 'p2p-scrape-'));
  const end = async (): Promise<void> => {
    proxy.kill();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const prometheus = await Prometheus.configured(folder, { scrape_configs: [jobOf(namespace.namespace, { server, pods })] });
    return {
      range: (expression, seconds) => prometheus.range(expression, seconds),
      stop: async () => {
        await prometheus.stop();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

function jobOf(namespace: string, { server, pods }: { readonly server: string; readonly pods: readonly string[] }): object {
  // By name, which a pod of a StatefulSet keeps: Debian's Prometheus cannot ask Kubernetes.
  const static_configs = pods.map((pod) => ({
    targets: [server],
    labels: { namespace, pod, __metrics_path__: `/api/v1/namespaces/${namespace}/pods/${pod}:${METRICS_PORT}/proxy/metrics` },
  }));
  return { job_name: 'p2p', static_configs };
}
