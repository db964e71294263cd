// One container of the image, as an operator sees it: its commands, its metrics, its log, and what may befall it.
import { getContainerRuntimeClient, type ExecResult, type StartedTestContainer } from 'testcontainers';
import { eventually, metric } from '../../tools/metrics.ts';

export interface LogLine {
  readonly time: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

type Client = Awaited<ReturnType<typeof getContainerRuntimeClient>>;
type Handle = ReturnType<Client['container']['getById']>;

const METRICS_PORT = '9464/tcp';
/** Programs are up in a second; where much else runs, later. */
const START_DEADLINE_MS = 30_000;
const SECONDS_TO_STOP = 30;

export class ProgramContainer {
  /** Its host name, its network alias, and for a peer its id. */
  readonly id: string;
  readonly #started: StartedTestContainer;
  readonly #client: Client;
  readonly #handle: Handle;
  readonly #network: string;
  #metricsPort: number | undefined;

  constructor(options: { readonly id: string; readonly started: StartedTestContainer; readonly client: Client; readonly network: string }) {
    this.id = options.id;
    this.#started = options.started;
    this.#client = options.client;
    this.#handle = options.client.container.getById(options.started.getId());
    this.#network = options.network;
  }

  /** Runs a command in the container and returns what it said and its exit code. */
  async exec(command: readonly string[]): Promise<ExecResult> {
    return this.#started.exec([...command]);
  }

  /** A series of its /metrics. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    if (this.#metricsPort === undefined) {
      const { NetworkSettings } = await this.#handle.inspect();
      this.#metricsPort = Number(NetworkSettings.Ports[METRICS_PORT]?.[0]?.HostPort);
    }
    return metric(this.#metricsPort, name, labels);
  }

  /** The lines of its log, those of earlier starts too. */
  async log(): Promise<readonly LogLine[]> {
    const buffer = await this.#handle.logs({ stdout: true, stderr: true, follow: false });
    return linesOf(buffer).map((text) => {
      try {
        return JSON.parse(text) as LogLine;
      } catch {
        return { time: '', event: 'text', text };
      }
    });
  }

  /** The first line of its log that `accepts` likes. Throws with the last lines when there is none in time. */
  async logged(accepts: (line: LogLine) => boolean, deadlineMs = START_DEADLINE_MS): Promise<LogLine> {
    const lines = await eventually(
      () => this.log(),
      (all) => all.some(accepts),
      deadlineMs,
    ).catch(async () => {
      throw new Error(`${this.id} did not log what was waited for in ${deadlineMs} ms:\n${await this.tail()}`);
    });
    return lines.find(accepts) as LogLine;
  }

  /** The end of its log, for messages. */
  async tail(lines = 30): Promise<string> {
    const all = await this.log().catch((error: unknown) => [{ event: 'no log', reason: String(error) }]);
    return all
      .slice(-lines)
      .map((line) => JSON.stringify(line))
      .join('\n');
  }

  async state(): Promise<{ readonly running: boolean; readonly exitCode: number; readonly oomKilled: boolean }> {
    const { State } = await this.#handle.inspect();
    return { running: State.Running, exitCode: State.ExitCode, oomKilled: State.OOMKilled };
  }

  /** Until it has ended; its exit code. */
  async ended(): Promise<number> {
    const { StatusCode } = (await this.#handle.wait()) as { readonly StatusCode: number };
    return StatusCode;
  }

  /** Bytes that its control group has in use, page cache aside. */
  async memoryBytes(): Promise<number> {
    const { memory_stats: memory } = await this.#handle.stats({ stream: false, 'one-shot': true } as { stream: false });
    const stats = memory.stats as unknown as Readonly<Record<string, number>>;
    // The first names are those of cgroup v1, the second those of v2.
    const inactive = stats['total_inactive_file'] ?? stats['inactive_file'] ?? 0;
    const active = stats['total_active_file'] ?? stats['active_file'] ?? 0;
    return memory.usage - inactive - active;
  }

  async kill(): Promise<void> {
    await this.#handle.kill();
  }

  /** SIGTERM, and 30 s to follow it. */
  async stop(): Promise<void> {
    await this.#handle.stop({ t: SECONDS_TO_STOP });
  }

  /** Starts it again after its end, and waits until it listens. */
  async start(): Promise<void> {
    const starts = (await this.log()).filter(isListening).length;
    this.#metricsPort = undefined;
    await this.#handle.start();
    await eventually(
      () => this.log(),
      (lines) => lines.filter(isListening).length > starts,
      START_DEADLINE_MS,
    );
  }

  async pause(): Promise<void> {
    await this.#handle.pause();
  }

  async unpause(): Promise<void> {
    await this.#handle.unpause();
  }

  async disconnect(): Promise<void> {
    await this.#client.network.getById(this.#network).disconnect({ Container: this.#handle.id, Force: true });
  }

  async connect(): Promise<void> {
    this.#metricsPort = undefined;
    const EndpointConfig = { Aliases: [this.id] };
    await this.#client.network.getById(this.#network).connect({ Container: this.#handle.id, EndpointConfig });
  }

  async address(): Promise<string> {
    const { NetworkSettings } = await this.#handle.inspect();
    return Object.values(NetworkSettings.Networks).find(({ NetworkID }) => NetworkID === this.#network)?.IPAddress ?? '';
  }

  /** Removes it and its volume, whatever it does. */
  async remove(): Promise<void> {
    await this.#handle.remove({ force: true, v: true });
  }
}

const isListening = ({ event }: LogLine): boolean => event === 'listening';

/** Docker's frames: a kind, three zeros, a length of four bytes, a part of the text. */
function linesOf(frames: Buffer): readonly string[] {
  const parts: Buffer[] = [];
  for (let offset = 0; offset + 8 <= frames.length;) {
    const length = frames.readUInt32BE(offset + 4);
    parts.push(frames.subarray(offset + 8, offset + 8 + length));
    offset += 8 + length;
  }
  return Buffer.concat(parts).toString().split('\n').filter(Boolean);
}
