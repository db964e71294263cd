// A real Prometheus that scrapes programs of ours.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../tools/metrics.ts';

const START_DEADLINE_MS = 30_000;
const LOOPBACK = '127.0.0.1';

/** Labels that Kubernetes would give, beside the address. */
export interface Scraped {
  readonly pod: string;
  readonly metricsPort: number;
  /** This machine unless given. */
  readonly host?: string;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

export class Prometheus {
  readonly #child: ChildProcess;
  readonly #url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.#url = url;
  }

  /** Scrapes every second. `rules`: a file of rules. */
  static async start(folder: string, options: { readonly scraped: readonly Scraped[]; readonly rules: string }): Promise<Prometheus> {
    return Prometheus.configured(folder, {
      rule_files: [options.rules],
      scrape_configs: [
        {
          job_name: 'p2p',
          static_configs: options.scraped.map(({ pod, metricsPort, host = LOOPBACK }) => ({
            targets: [`${host}:${metricsPort}`],
            labels: { namespace: 'test', release: 'p2p', pod },
          })),
        },
      ],
    });
  }

  /** The same with a configuration of one's own. */
  static async configured(folder: string, settings: object): Promise<Prometheus> {
    await mkdir(folder, { recursive: true });
    const config = join(folder, 'prometheus.json');
    // JSON is YAML.
    await writeFile(config, JSON.stringify({ global: { scrape_interval: '1s', evaluation_interval: '1s' }, ...settings }));
    const port = await freePort();
    const child = spawn(
      'prometheus',
      [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${port}`],
      { stdio: 'ignore' },
    );
    await once(child, 'spawn');
    const prometheus = new Prometheus(child, `http://127.0.0.1:${port}`);
    try {
      await eventually(
        async () => (await fetch(`${prometheus.#url}/-/ready`).catch(() => undefined))?.ok ?? false,
        (ready) => ready,
        START_DEADLINE_MS,
      );
      return prometheus;
    } catch (error) {
      await prometheus.stop();
      throw error;
    }
  }

  /** What an expression was over the last `seconds`, in steps of one. Throws what Prometheus says of a wrong one. */
  async range(expression: string, seconds: number): Promise<readonly Sample[]> {
    return rangeOf(this.#url, expression, seconds);
  }

  /** What it is now, by its latest scrape. */
  async now(expression: string): Promise<readonly Sample[]> {
    return this.range(expression, 0);
  }

  /** Until it has scraped what gives the expression a value. */
  async seen(expression: string, deadlineMs: number): Promise<void> {
    await eventually(
      () => this.range(expression, 1),
      (samples) => samples.length > 0,
      deadlineMs,
    );
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill();
    await closed;
  }
}

/** The same of whichever Prometheus answers at this URL. */
export async function rangeOf(url: string, expression: string, seconds: number): Promise<readonly Sample[]> {
  const end = Date.now() / 1000;
  const query = new URLSearchParams({ query: expression, start: String(end - seconds), end: String(end), step: '1' });
  const answer = await fetch(`${url}/api/v1/query_range`, { method: 'POST', body: query });
  const body = (await answer.json()) as { readonly error?: string; readonly data?: { readonly result: readonly Sample[] } };
  if (body.data === undefined) throw new Error(`${body.error ?? answer.statusText}: ${expression}`);
  return body.data.result;
}

/** Whether there is a number among the samples: nothing, or NaN alone, would be an empty panel. */
export function hasNumbers(samples: readonly Sample[]): boolean {
  return samples.some(({ values }) => values.some(([, value]) => Number.isFinite(Number(value))));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
