// What a real Prometheus saw of a scenario.
import { rangeOf, type Sample } from '../../seeing/prometheus.ts';
import { forward } from '../tools/forward.ts';
import { OutsideScrape } from './outside-scrape.ts';
import type { Scenario } from './scenario.ts';
import type { Swarm } from './swarm.ts';

const PROMETHEUS_PORT = 9090;
/** How far back the last scrape of a pod may lie. */
const LOOK_BACK_SECONDS = 5;

/** It scrapes every peer, every second, through all their lives. */
export interface Scrape {
  /** What an expression was over the last `seconds`. */
  range(expression: string, seconds: number): Promise<readonly Sample[]>;
  stop(): Promise<void>;
}

/** Whether the release brings the Prometheus: it would be lost with a node that it is on. */
export function isSeenFromInside({ level }: Pick<Scenario, 'level'>): boolean {
  return level === 'pod';
}

/** The Prometheus of the release where it brings one, else one outside of the cluster. */
export async function startScrape({ lab, pods }: Swarm, scenario: Scenario): Promise<Scrape> {
  if (!isSeenFromInside(scenario))
    return OutsideScrape.start(
      lab,
      pods.map(({ name }) => name),
    );
  const { url, close } = await forward(lab, 'p2p-prometheus', PROMETHEUS_PORT);
  return { range: (expression, seconds) => rangeOf(url, expression, seconds), stop: close };
}

/** The latest value of the expression, which has one series; 0 when it has none, as of a counter that was never moved. */
export async function latest(scrape: Scrape, expression: string): Promise<number> {
  const [only] = await scrape.range(expression, LOOK_BACK_SECONDS);
  return Number(only?.values.at(-1)?.[1] ?? 0);
}
