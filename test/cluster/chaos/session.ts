// Several scenarios on one cluster, and what they came to.
import type { Cluster } from '../tools/cluster.ts';
import { providePrometheus } from '../tools/chart-prometheus.ts';
import { healNodes } from './node-blows.ts';
import type { Planned } from './plan.ts';
import type { Row } from './report.ts';
import type { Scenario } from './scenario.ts';
import { runCalm, runScenario } from './run-scenario.ts';
import { quantileOf } from '../../tools/flight.ts';

export class Session {
  readonly rows: Row[] = [];
  readonly #cluster: Cluster;
  readonly #seed: number;
  /** How long it takes when nobody strikes, by pace and number of downloaders. */
  readonly #calmMs = new Map<string, number>();

  private constructor(cluster: Cluster, seed: number) {
    this.#cluster = cluster;
    this.#seed = seed;
  }

  static async open(cluster: Cluster, seed: number): Promise<Session> {
    if (cluster.isLocal) await healNodes(cluster);
    await providePrometheus(cluster);
    return new Session(cluster, seed);
  }

  /** Runs one and adds its row; returns it. One that could not be carried out has a row that says why. */
  async run({ scenario, seed }: Planned): Promise<Row> {
    const row = await this.#rowOf({ scenario, seed });
    this.rows.push(row);
    return row;
  }

  async #rowOf({ scenario, seed }: Planned): Promise<Row> {
    const { name, needs } = scenario;
    if (needs === 'local' && !this.#cluster.isLocal)
      return { scenario: name, seed, outcome: 'skipped', why: ['it strikes from outside of Kubernetes, and the cluster is not ours'] };
    try {
      const calmMs = await this.#calm(scenario);
      const { record, recoveryMs, tookMs, broken, ...figures } = await runScenario(this.#cluster, scenario, seed);
      return {
        scenario: name,
        seed,
        outcome: broken.length === 0 ? 'kept' : 'broken',
        why: broken,
        figures: {
          ...figures,
          recoveryP50Ms: quantileOf(recoveryMs, 0.5),
          recoveryP99Ms: quantileOf(recoveryMs, 0.99),
          tookMs,
          slowdown: tookMs / calmMs,
        },
        blows: record.blows,
      };
    } catch (error) {
      return { scenario: name, seed, outcome: 'failed', why: [error instanceof Error ? error.message : String(error)] };
    }
  }

  async #calm({ pace, downloaders }: Scenario): Promise<number> {
    const key = `${pace} ${downloaders}`;
    const known = this.#calmMs.get(key);
    if (known !== undefined) return known;
    const calmMs = await runCalm(this.#cluster, { pace, downloaders }, this.#seed);
    this.#calmMs.set(key, calmMs);
    return calmMs;
  }
}
