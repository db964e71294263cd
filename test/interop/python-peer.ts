// The peer in Python as a process: commands go in as lines of JSON, answers and events come out so.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Stage } from '../tools/stage.ts';
import { pythonPackages } from './python.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
/** What takes longer than this hangs. */
const DEADLINE_MS = 60_000;
/** Characters of standard error that are kept. */
const STDERR_LENGTH_MAX = 16 * 1024;

export interface PythonOptions {
  readonly id: string;
  /** `HOST:PORT` */
  readonly diary: string;
  /** Milliseconds for every KiB it sends. */
  readonly delayMs?: number;
  /** Whether it serves deflated segments. */
  readonly isCompressing?: boolean;
  /** The versions that it claims to speak. */
  readonly joinVersion?: number;
  readonly helloVersion?: number;
}

/** What a download in Python took. */
export interface PythonReport {
  /** Segments by holder. */
  readonly sources: Readonly<Record<string, number>>;
  readonly codecs: Readonly<Record<string, number>>;
  /** The failure of each holder that was given up. */
  readonly lost: Readonly<Record<string, string>>;
}

type Line = Readonly<Record<string, unknown>>;

/** A command failed with a code. */
export class PythonFailure extends Error {
  readonly code: string;

  constructor({ code, message }: { readonly code: string; readonly message: string }) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

export class PythonPeer {
  readonly id: string;
  readonly exited: Promise<unknown>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Line[] = [];
  readonly #waiting = new Set<() => void>();
  #stderr = '';
  #hasExited = false;
  #lastId = 0;
  #port = 0;

  private constructor(id: string, child: ChildProcessWithoutNullStreams) {
    this.id = id;
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr = (this.#stderr + text).slice(-STDERR_LENGTH_MAX)));
    createInterface({ input: child.stdout }).on('line', (text) => {
      this.#lines.push(JSON.parse(text) as Line);
      this.#wake();
    });
    // A command for a process that has ended is told so by its exit.
    child.stdin.on('error', () => undefined);
    this.exited = once(child, 'close').finally(() => {
      this.#hasExited = true;
      this.#wake();
    });
  }

  /** Starts it in the stage's folder and waits until it has joined. Throws PythonFailure when the diary refuses it. */
  static async start(stage: Stage, options: PythonOptions): Promise<PythonPeer> {
    const { id, diary, delayMs = 0, isCompressing = false, joinVersion = 1, helloVersion = 1 } = options;
    const { program, path } = await pythonPackages();
    const dataDir = join(stage.folder, id);
    await mkdir(dataDir, { recursive: true });
    const flags = ['--diary', diary, '--id', id, '--data-dir', dataDir, '--delay-ms', String(delayMs)];
    const versions = ['--join-version', String(joinVersion), '--hello-version', String(helloVersion)];
    const child = spawn(program, ['-m', 'peer', ...flags, ...versions, ...(isCompressing ? ['--compress'] : [])], {
      cwd: FOLDER,
      env: { ...process.env, PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: '1', PYTHONUTF8: '1' },
    });
    const peer = new PythonPeer(id, child);
    const line = await peer.line(({ event }) => event === 'ready' || event === 'failed');
    if (line['event'] === 'failed') throw new PythonFailure(line['error'] as PythonFailure);
    peer.#port = Number(line['port']);
    return peer;
  }

  /** Where other peers connect to. */
  get port(): number {
    return this.#port;
  }

  /** Shares a file; returns its id and how many segments it has. */
  async share(path: string, name: string): Promise<{ readonly id: string; readonly segments: number }> {
    return (await this.#do('share', { path, name })) as { readonly id: string; readonly segments: number };
  }

  /** Downloads the file of that name. Throws PythonFailure. */
  async get(name: string, output: string): Promise<PythonReport> {
    return (await this.#do('get', { name, output })) as unknown as PythonReport;
  }

  async withdraw(file: string): Promise<void> {
    await this.#do('withdraw', { file });
  }

  /** Every name in the catalogue with its numbers of holders. */
  async list(): Promise<readonly { readonly name: string; readonly bytes: number; readonly complete: number; readonly partial: number }[]> {
    return (await this.#do('list'))['entries'] as readonly {
      readonly name: string;
      readonly bytes: number;
      readonly complete: number;
      readonly partial: number;
    }[];
  }

  /** Segments that it has sent, by asker and codec. */
  async served(): Promise<Readonly<Record<string, Readonly<Record<string, number>>>>> {
    return (await this.#do('served'))['served'] as Readonly<Record<string, Readonly<Record<string, number>>>>;
  }

  /** Says hello to a peer in a version. Throws PythonFailure. */
  async hello(port: number, version: number): Promise<void> {
    await this.#do('hello', { host: '127.0.0.1', port, version });
  }

  /** Until a segment of the file has come from that holder. */
  async progressed(name: string, holder: string): Promise<void> {
    await this.line((line) => line['event'] === 'progress' && line['name'] === name && line['from'] === holder);
  }

  /** Drains, leaves and ends. */
  async leave(): Promise<void> {
    await this.#do('leave');
    await this.exited;
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** The first line, past or future, that `accepts` likes. Throws when the process ends or time is up. */
  async line(accepts: (line: Line) => boolean): Promise<Line> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    for (;;) {
      const found = this.#lines.find(accepts);
      if (found !== undefined) return found;
      if (this.#hasExited || deadline.aborted)
        throw new Error(`${this.id} ${this.#hasExited ? 'ended' : 'is silent'}: ${JSON.stringify(this.#lines.at(-1))}\n${this.#stderr}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      deadline.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      this.#waiting.delete(resolve);
    }
  }

  async #do(command: string, more: Readonly<Record<string, unknown>> = {}): Promise<Line> {
    const id = (this.#lastId += 1);
    this.#child.stdin.write(`${JSON.stringify({ id, do: command, ...more })}\n`);
    const answer = await this.line((line) => line['id'] === id);
    if (answer['error'] !== undefined) throw new PythonFailure(answer['error'] as PythonFailure);
    return answer['ok'] as Line;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}
