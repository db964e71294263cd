// A peer in its pod, through its command, its shell and its metrics.
import { EXIT_CODES } from '@p2p/protocol';
import { eventually, seriesOf } from '../../tools/metrics.ts';
import type { CatalogueLine, Report, Status } from '../../tools/transfer.ts';
import type { Namespace } from './namespace.ts';
import { PodGet } from './pod-get.ts';
import type { Outcome, RunOptions } from './run.ts';

/** Where downloads go unless told otherwise. */
export const DOWNLOADS = '/data/downloads';
const LIST_DEADLINE_MS = 60_000;
const METRICS_PORT = 9464;
const LIST = ['list', '--json'];

export type Done = Status & { readonly report: Report };

export class PeerPod {
  readonly name: string;
  readonly #namespace: Namespace;

  constructor(namespace: Namespace, name: string) {
    this.#namespace = namespace;
    this.name = name;
  }

  /** Runs a program in the pod. */
  async exec(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.#namespace.tryKubectl(['exec', this.name, '--', ...words], options);
  }

  /** `p2p` with these words. */
  async cli(words: readonly string[]): Promise<Outcome> {
    return this.exec(['p2p', ...words]);
  }

  /** The same where only success will do; returns what it printed. */
  async run(words: readonly string[]): Promise<string> {
    return this.#printed(['p2p', ...words], await this.cli(words));
  }

  /**
   * Shares a new file of so many random bytes, made where downloads go, the one folder of the pod that can be written to and
   * shared, and waits until the diary has it; returns its SHA-256.
   */
  async shareRandom(name: string, bytes: number): Promise<string> {
    const path = `${DOWNLOADS}/${name}`;
    await this.#shell(`mkdir -p "$(dirname ${path})" && head -c ${bytes} /dev/urandom > ${path}`);
    await this.run(['share', path]);
    await this.listed(name);
    return this.sha256(path);
  }

  /** `p2p get NAME`, to its end. Throws when the download fails. */
  async get(name: string): Promise<Done> {
    return this.startGet(name).done;
  }

  /** `p2p get NAME`, while it runs. The download goes on in the pod when the command is gone. `trace`: the pod's file for its flight record. */
  startGet(name: string, trace?: string): PodGet {
    const words = ['get', '--json', '--progress', ...(trace === undefined ? [] : ['--trace', trace]), '--', name];
    return new PodGet((options) => this.#namespace.startKubectl(['exec', this.name, '--', 'p2p', ...words], options), {
      name,
      pod: this.name,
    });
  }

  /** The catalogue as this peer sees it. */
  async list(): Promise<readonly CatalogueLine[]> {
    return entriesIn(await this.run(LIST));
  }

  /** Until the catalogue has the file, where told with exactly so many whole holders. A peer may be ready before it has found its diary. */
  async listed(name: string, complete?: number): Promise<void> {
    await eventually(
      async () => {
        const outcome = await this.cli(LIST);
        return outcome.code === EXIT_CODES.DIARY_UNREACHABLE ? [] : entriesIn(this.#printed(['p2p', ...LIST], outcome));
      },
      (entries) => entries.some((entry) => entry.name === name && (complete === undefined || entry.complete === complete)),
      LIST_DEADLINE_MS,
    );
  }

  /** The SHA-256 of one file of the pod. */
  async sha256(path: string): Promise<string> {
    return (await this.#shell(`sha256sum ${path}`)).slice(0, 64);
  }

  /** The value of one series of the pod's /metrics, read through the API server. `labels` are those it must have. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const path = `/api/v1/namespaces/${this.#namespace.namespace}/pods/${this.name}:${METRICS_PORT}/proxy/metrics`;
    return seriesOf(await this.#namespace.kubectl(['get', '--raw', path]), name, labels);
  }

  async #shell(script: string): Promise<string> {
    return this.#printed([script], await this.exec(['sh', '-euc', script]));
  }

  #printed(words: readonly string[], { code, stdout, stderr }: Outcome): string {
    if (code !== 0) throw new Error(`${words.join(' ')} on ${this.name} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }
}

function entriesIn(printed: string): readonly CatalogueLine[] {
  return (JSON.parse(printed) as { readonly entries: readonly CatalogueLine[] }).entries;
}
