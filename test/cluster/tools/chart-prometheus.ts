// The Prometheus that the chart brings (`observability.enabled`), without the Grafana beside it, whose image cannot be made up.
import { fileURLToPath } from 'node:url';
import { loadImage } from '../local/images.mjs';
import type { Cluster } from './cluster.ts';
import { forward, type Forward } from './forward.ts';
import type { Namespace } from './namespace.ts';
import { run } from './run.ts';

const IMAGE_SCRIPT = fileURLToPath(new URL('../prometheus-image', import.meta.url));
const PORT = 9090;

/** The chart's values for it. It scrapes every second. */
export const WITH_PROMETHEUS = { enabled: true, grafana: { enabled: false }, prometheus: { scrapeInterval: '1s' } } as const;

/** Gives its image to the nodes of our own cluster, made up of Debian's where it cannot be pulled; any other cluster pulls it. */
export async function providePrometheus({ isLocal }: Cluster): Promise<void> {
  if (isLocal) await loadImage((await run(IMAGE_SCRIPT, [])).trim());
}

/** Forwards a port of this machine to that of the release in this namespace. */
export function forwardPrometheus(namespace: Namespace): Promise<Forward> {
  return forward(namespace, 'p2p-prometheus', PORT);
}
