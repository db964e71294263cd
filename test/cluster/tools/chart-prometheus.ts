// The image of the Prometheus that the chart brings.
import { fileURLToPath } from 'node:url';
import { loadImage } from '../local/images.mjs';
import type { Cluster } from './cluster.ts';
import { run } from './run.ts';

const SCRIPT = fileURLToPath(new URL('../prometheus-image', import.meta.url));

/** Gives it to the nodes of our own cluster, made up of Debian's where it cannot be pulled; any other cluster pulls it. */
export async function providePrometheus({ isLocal }: Cluster): Promise<void> {
  if (isLocal) await loadImage((await run(SCRIPT, [])).trim());
}
