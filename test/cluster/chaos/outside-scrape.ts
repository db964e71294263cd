// A real Prometheus that scrapes the pods of a namespace, on any cluster: through the API server, by `kubectl proxy`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Prometheus } from '../../seeing/prometheus.ts';
import type { Namespace } from '../tools/namespace.ts';
import type { Running } from '../tools/run.ts';

const METRICS_PORT = 9464;
const PROXY_DEADLINE_MS = 600_000;
/** How far back the last scrape of a pod may lie. */
const LOOK_BACK_SECONDS = 5;

export class Scrape {
  readonly #prometheus: Prometheus;
  readonly #proxy: Running;
  readonly #folder: string;

  private constructor(parts: { readonly prometheus: Prometheus; readonly proxy: Running; readonly folder: string }) {
    this.#prometheus = parts.prometheus;
    this.#proxy = parts.proxy;
    this.#folder = parts.folder;
  }

  /** Scrapes these pods every second, through all their lives. */
  static async start(namespace: Namespace, pods: readonly string[]): Promise<Scrape> {
    const { promise: said, resolve } = Promise.withResolvers<string>();
    const proxy = namespace.startKubectl(['proxy', '--port=0'], { deadlineMs: PROXY_DEADLINE_MS, onLine: resolve });
    const line = await Promise.race([said, proxy.outcome.then(({ stderr }) => stderr)]);
    const server = /127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (server === undefined) throw new Error(`kubectl proxy does not serve: ${line}`);
    const folder = await mkdtemp(join(tmpdir(), 'p2p-scrape-'));
    try {
      const prometheus = await Prometheus.configured(folder, { scrape_configs: [jobOf(namespace.namespace, { server, pods })] });
      return new Scrape({ prometheus, proxy, folder });
    } catch (error) {
      proxy.kill();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** The latest value of the expression, which has one series; 0 when it has none, as of a counter that was never moved. */
  async value(expression: string): Promise<number> {
    const [only] = await this.#prometheus.range(expression, LOOK_BACK_SECONDS);
    return Number(only?.values.at(-1)?.[1] ?? 0);
  }

  async stop(): Promise<void> {
    this.#proxy.kill();
    await this.#prometheus.stop();
    await rm(this.#folder, { recursive: true, force: true });
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
