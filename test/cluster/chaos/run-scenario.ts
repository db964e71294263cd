// One scenario from its seed to its verdict, in a namespace of its own.
import { generator } from '../../tools/content.ts';
import { eventually } from '../../tools/metrics.ts';
import { redistributedIn } from '../../tools/transfer.ts';
import type { Cluster } from '../tools/cluster.ts';
import { Battle, type BattleRecord } from './battle.ts';
import type { Scenario } from './scenario.ts';
import { latest, startScrape, type Scrape } from './scrape.ts';
import { Swarm, type SwarmOptions } from './swarm.ts';
import { judge, type Verdict } from './verdict.ts';

const SCRAPE_DEADLINE_MS = 20_000;
/** Shares of the file between which the blow falls. */
const EARLIEST = 0.2;
const LATEST = 0.5;

export interface Run extends Verdict {
  readonly scenario: string;
  readonly seed: number;
  readonly record: BattleRecord;
}

/** Throws when the scenario could not be carried out; a promise that was broken stands in what it returns. */
export async function runScenario(cluster: Cluster, scenario: Scenario, seed: number): Promise<Run> {
  // One in the cluster could be lost with a node.
  const hasPrometheus = scenario.level === 'pod';
  return inSwarm(cluster, { ...scenario, title: scenario.name, seed, hasPrometheus }, async (swarm) => {
    const scrape = await startScrape(swarm);
    try {
      const record = await fight(swarm, scenario, seed);
      const scraped = await scrapedOf(scrape, record);
      return { scenario: scenario.name, seed, record, ...judge(scenario, { record, sha256: swarm.sha256, scraped }) };
    } finally {
      await scrape.stop();
    }
  });
}

/** How long the same takes when nobody strikes, in ms. */
export async function runCalm(cluster: Cluster, shape: Pick<SwarmOptions, 'downloaders' | 'pace'>, seed: number): Promise<number> {
  return inSwarm(cluster, { ...shape, title: 'calm', seed, hasPrometheus: false }, async (swarm) => {
    const { downloads } = await new Battle(swarm, generator(seed)).ended();
    return Math.max(...downloads.map(({ status }) => status.totalMs));
  });
}

async function inSwarm<T>(cluster: Cluster, options: SwarmOptions, work: (swarm: Swarm) => Promise<T>): Promise<T> {
  const swarm = await Swarm.open(cluster, options);
  try {
    return await work(swarm);
  } catch (error) {
    await swarm.lab.describe();
    throw error;
  } finally {
    await swarm.close();
  }
}

async function fight(swarm: Swarm, scenario: Scenario, seed: number): Promise<BattleRecord> {
  const battle = new Battle(swarm, generator(seed));
  await battle.reached(EARLIEST + (LATEST - EARLIEST) * battle.random());
  const heal = await scenario.strike(battle);
  try {
    return await battle.ended();
  } finally {
    if (heal !== undefined) await heal();
  }
}

/** How many segments of these downloads Prometheus saw redistributed, once it has scraped as many as they tell of. */
async function scrapedOf(scrape: Scrape, { downloads }: BattleRecord): Promise<number> {
  const told = downloads.reduce((total, { status }) => total + redistributedIn(status.report), 0);
  const pods = downloads.map(({ pod }) => pod).join('|');
  const value = (): Promise<number> => latest(scrape, `sum(p2p_segments_redistributed_total{pod=~"${pods}"})`);
  return eventually(value, (seen) => seen >= told, SCRAPE_DEADLINE_MS);
}
