// A diary and peers on this machine, started as anyone would start them and ended whatever happens.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCommand, type CommandOptions, type CommandResult, type RunningCommand } from './command.ts';
import { ProgramProcess, type ProgramOptions } from './program-process.ts';

const FILES = {
  diary: fileURLToPath(new URL('../../apps/diary/bin/p2p-diary.js', import.meta.url)),
  peer: fileURLToPath(new URL('../../apps/peer/bin/p2p-peer.js', import.meta.url)),
  command: fileURLToPath(new URL('../../apps/peer/bin/p2p.js', import.meta.url)),
};

/** Programs are up in a second; on a machine with much else to do, later. */
const START_DEADLINE_MS = 30_000;

export interface DiaryOptions {
  /** A free one unless given. */
  readonly port?: number;
  readonly metricsPort?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface PeerOptions {
  readonly id: string;
  /** Where the diary is; the one that was started last unless given. */
  readonly diary?: string;
  /** Milliseconds for every packet it sends. */
  readonly delayMs?: number;
  readonly packetBytes?: number;
  readonly compression?: 'auto' | 'always' | 'never';
  readonly shareDir?: string;
  /** A new folder of the stage named for the peer, unless given. The same one again is the same peer after a restart. */
  readonly dataDir?: string;
  readonly peerPort?: number;
  readonly metricsPort?: number;
  readonly controlPort?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs, and at which address its control API answers: on this machine unless given. */
  readonly network?: { readonly within: readonly string[]; readonly address: string };
}

export interface Diary {
  readonly process: ProgramProcess;
  readonly port: number;
  readonly metricsPort: number;
  /** As `P2P_DIARY` wants it. */
  readonly address: string;
}

export interface Peer {
  readonly id: string;
  readonly process: ProgramProcess;
  readonly peerPort: number;
  readonly metricsPort: number;
  readonly controlPort: number;
  readonly controlUrl: string;
  readonly dataDir: string;
  /** Runs `p2p ARGS…` against this peer. */
  cli(args: readonly string[], options?: Omit<CommandOptions, 'env'>): Promise<CommandResult>;
  /** The same, while it runs. */
  startCli(args: readonly string[], options?: Omit<CommandOptions, 'env'>): RunningCommand;
}

export class Stage {
  /** Everything that is written goes here; it is removed at the end. */
  readonly folder: string;
  readonly #isKept: boolean;
  readonly #isDetached: boolean;
  readonly #programs: ProgramProcess[] = [];
  #diaryAddress: string | undefined;

  private constructor(folder: string, options: { readonly isKept: boolean; readonly isDetached: boolean }) {
    this.folder = folder;
    this.#isKept = options.isKept;
    this.#isDetached = options.isDetached;
  }

  /**
   * `folder` is used and kept; a temporary one is removed. Programs that are detached have process groups of their own,
   * so that a Ctrl-C is not theirs.
   */
  static async open(options: { readonly folder?: string; readonly isDetached?: boolean } = {}): Promise<Stage> {
    const { folder, isDetached = false } = options;
    if (folder === undefined) return new Stage(await mkdtemp(join(tmpdir(), 'p2p-stage-')), { isKept: false, isDetached });
    await mkdir(folder, { recursive: true });
    return new Stage(folder, { isKept: true, isDetached });
  }

  /** A path in the stage's folder, whose parent exists. */
  async path(...components: readonly string[]): Promise<string> {
    const path = join(this.folder, ...components);
    await mkdir(join(path, '..'), { recursive: true });
    return path;
  }

  async startDiary(options: DiaryOptions = {}): Promise<Diary> {
    const { port = 0, metricsPort = 0, env = {} } = options;
    const settings = { P2P_DIARY_PORT: String(port), P2P_METRICS_PORT: String(metricsPort), ...env };
    const process = this.#start({ title: 'the diary', file: FILES.diary, env: cleanEnv(settings) });
    const line = await process.line('listening', { deadlineMs: START_DEADLINE_MS });
    const bound = portOf(line, 'port', process);
    this.#diaryAddress = `127.0.0.1:${bound}`;
    return { process, port: bound, metricsPort: portOf(line, 'metricsPort', process), address: this.#diaryAddress };
  }

  async startPeer(options: PeerOptions): Promise<Peer> {
    const { id, dataDir = join(this.folder, id), diary = this.#diaryAddress } = options;
    if (diary === undefined) throw new Error(`peer ${id} has no diary: start one first, or name one`);
    const settings = {
      P2P_DIARY: diary,
      P2P_PEER_ID: id,
      P2P_DATA_DIR: dataDir,
      P2P_PEER_PORT: String(options.peerPort ?? 0),
      P2P_METRICS_PORT: String(options.metricsPort ?? 0),
      P2P_CONTROL_PORT: String(options.controlPort ?? 0),
      ...(options.delayMs === undefined ? {} : { P2P_PACKET_DELAY_MS: String(options.delayMs) }),
      ...(options.packetBytes === undefined ? {} : { P2P_PACKET_BYTES: String(options.packetBytes) }),
      ...(options.compression === undefined ? {} : { P2P_COMPRESSION: options.compression }),
      ...(options.shareDir === undefined ? {} : { P2P_SHARE_DIR: options.shareDir }),
      ...(options.network === undefined ? {} : { P2P_CONTROL_HOST: options.network.address }),
      ...options.env,
    };
    const within = options.network?.within;
    const process = this.#start({ title: `peer ${id}`, file: FILES.peer, env: cleanEnv(settings), within });
    const line = await process.line('listening', { deadlineMs: START_DEADLINE_MS });
    const controlPort = portOf(line, 'controlPort', process);
    const controlUrl = `http://${options.network?.address ?? '127.0.0.1'}:${controlPort}`;
    const commandEnv = cleanEnv({ P2P_CONTROL_URL: controlUrl, P2P_DATA_DIR: dataDir });
    const startCli: Peer['startCli'] = (args, more = {}) => startCommand(FILES.command, args, { env: commandEnv, ...more });
    return {
      id,
      process,
      peerPort: portOf(line, 'peerPort', process),
      metricsPort: portOf(line, 'metricsPort', process),
      controlPort,
      controlUrl,
      dataDir,
      startCli,
      cli: (args, more) => startCli(args, more).result,
    };
  }

  /** Stops every program, peers first, and says which did not stop cleanly. For a stage that ends well. */
  async stop(): Promise<void> {
    const open = this.#programs.filter(({ exit }) => exit === undefined);
    const [peers, diaries] = [open.filter(({ title }) => title !== 'the diary'), open.filter(({ title }) => title === 'the diary')];
    await Promise.all(peers.map((each) => each.stop()));
    await Promise.all(diaries.map((each) => each.stop()));
  }

  /** Ends every program that still runs and removes the folder. */
  async close(): Promise<void> {
    await Promise.all(this.#programs.map((each) => each.end()));
    if (!this.#isKept) await rm(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #start(options: Omit<ProgramOptions, 'isDetached'>): ProgramProcess {
    const program = new ProgramProcess({ ...options, isDetached: this.#isDetached });
    this.#programs.push(program);
    return program;
  }
}

/** This environment without settings that are meant for someone else's peer. */
function cleanEnv(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('P2P_') && !name.startsWith('npm_') && name !== 'NODE_OPTIONS',
  );
  return { ...Object.fromEntries(inherited), ...settings };
}

function portOf(line: Readonly<Record<string, unknown>>, field: string, process: ProgramProcess): number {
  const port = line[field];
  if (typeof port !== 'number') throw new Error(`the log line "listening" of ${process.title} has no ${field}: ${JSON.stringify(line)}`);
  return port;
}
