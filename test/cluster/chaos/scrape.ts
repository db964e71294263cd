// What a real Prometheus saw of a scenario.
import { rangeOf, type Prometheus } from '../../seeing/prometheus.ts';
import { forwardPrometheus } from '../tools/chart-prometheus.ts';
import { startOutside } from './outside-scrape.ts';
import type { Swarm } from './swarm.ts';

/** How far back the last scrape of a pod may lie. */
const LOOK_BACK_SECONDS = 5;

/** It scrapes every peer, every second, through all their lives. */
export type Scrape = Pick<Prometheus, 'range' | 'stop'>;

/** The Prometheus of the release where it brings one, else one outside of the cluster. */
export async function startScrape({ lab, pods, hasPrometheus }: Swarm): Promise<Scrape> {
  if (!hasPrometheus) {
    const names = pods.map(({ name }) => name);
    return startOutside(lab, names);
  }
  const { url, close } = await forwardPrometheus(lab);
  return { range: (expression, seconds) => rangeOf(url, expression, seconds), stop: close };
}

/** The latest value of the expression, which has one series; 0 when it has none, as of a counter that was never moved. */
export async function latest(scrape: Scrape, expression: string): Promise<number> {
  const [only] = await scrape.range(expression, LOOK_BACK_SECONDS);
  return Number(only?.values.at(-1)?.[1] ?? 0);
}
