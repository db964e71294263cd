// One scenario from its seed to its verdict, in a namespace of its own.
import { generator } from '../../tools/content.ts';
import { eventually } from '../../tools/metrics.ts';
import { redistributedIn } from '../../tools/transfer.ts';
import type { Cluster } from '../tools/cluster.ts';
import { Battle } from './battle.ts';
import type { Scenario } from './scenario.ts';
import { Scrape } from './scrape.ts';
import { Swarm } from './swarm.ts';
import { judge, type Verdict } from './verdict.ts';

const SCRAPE_DEADLINE_MS = 20_000;

export interface Run extends Verdict {
  readonly scenario: string;
  readonly seed: number;
  /** As Prometheus saw it. */
  readonly scraped: number;
}

/** Throws when the scenario could not be carried out; a broken promise stands in what it returns. */
export async function runScenario(cluster: Cluster, scenario: Scenario, seed: number): Promise<Run> {
  const swarm = await Swarm.open(cluster, { title: scenario.name, seed, downloaders: scenario.downloaders });
  let scrape: Scrape | undefined;
  try {
    scrape = await Scrape.start(
      swarm.lab,
      swarm.pods.map(({ name }) => name),
    );
    const evidence = await fight(swarm, { scenario, seed, scrape });
    return { scenario: scenario.name, seed, scraped: evidence.scraped, ...judge(scenario, evidence) };
  } catch (error) {
    await swarm.lab.describe();
    throw error;
  } finally {
    await scrape?.stop();
    await swarm.close();
  }
}

interface Fight {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly scrape: Scrape;
}

async function fight(swarm: Swarm, { scenario, seed, scrape }: Fight): Promise<Parameters<typeof judge>[1]> {
  const battle = new Battle(swarm, generator(seed));
  const heal = await scenario.strike(battle);
  try {
    const record = await battle.ended();
    const said = record.downloads.reduce((total, { status }) => total + redistributedIn(status.report), 0);
    const pods = swarm.downloaders.map(({ name }) => name).join('|');
    const expression = `sum(p2p_segments_redistributed_total{pod=~"${pods}"})`;
    const scraped = await eventually(
      () => scrape.value(expression),
      (value) => value >= said,
      SCRAPE_DEADLINE_MS,
    );
    return { record, sha256: swarm.sha256, scraped };
  } finally {
    if (heal) await heal();
  }
}
