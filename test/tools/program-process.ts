// One running program of ours, as an operator sees it: its process, its log lines, its end.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A line of a program's log. */
export interface LogLine {
  readonly level: string;
  readonly time: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface ProgramExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  /** How messages call it: "peer a". */
  readonly title: string;
  /** The program's file, run by this very Node. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** A command that runs it somewhere else, in another network for instance, under the same process id. */
  readonly within?: readonly string[] | undefined;
  /** In a process group of its own: a Ctrl-C in the terminal is not for it. */
  readonly isDetached?: boolean;
}

/** Log lines that are kept: many more than any test waits past. */
const LINES_MAX = 20_000;
/** Characters of standard error that are kept. */
const STDERR_LENGTH_MAX = 64 * 1024;
/** Lines shown where something that was waited for did not come. */
const LINES_SHOWN = 15;
/** A program stops within its own deadline of some seconds; one that takes this long hangs. */
const STOP_DEADLINE_MS = 30_000;

/** What must end when this process ends, however it ends. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class ProgramProcess {
  readonly title: string;
  readonly lines: LogLine[] = [];
  /** Resolves when the process has ended and all it wrote has been read. */
  readonly exited: Promise<ProgramExit>;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #stderr = '';
  #exit: ProgramExit | undefined;

  constructor(options: ProgramOptions) {
    this.title = options.title;
    const { file, args = [], env, within = [], isDetached = false } = options;
    const [program = process.execPath, ...rest] = [...within, process.execPath, file, ...args];
    this.#child = spawn(program, rest, { env, detached: isDetached, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.#child);
    this.exited = this.#follow();
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get exit(): ProgramExit | undefined {
    return this.#exit;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The first line of this event that `accepts` likes, past or future. Throws when the process ends or time is up. */
  async line(event: string, options: { readonly deadlineMs: number; readonly accepts?: (line: LogLine) => boolean }): Promise<LogLine> {
    const { deadlineMs, accepts = () => true } = options;
    const deadline = AbortSignal.timeout(deadlineMs);
    for (;;) {
      const found = this.lines.find((line) => line.event === event && accepts(line));
      if (found !== undefined) return found;
      if (this.#exit !== undefined) throw new Error(`${this.title} ended without the log line "${event}": ${this.describe()}`);
      if (deadline.aborted) throw new Error(`${this.title} wrote no log line "${event}" in ${deadlineMs} ms: ${this.describe()}`);
      await this.#change(deadline);
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks it to stop and waits until it has. Throws when it does not end, or with another code than 0. */
  async stop(): Promise<void> {
    if (this.#exit === undefined) this.kill('SIGTERM');
    const { code, signal } = await this.#exitWithin(STOP_DEADLINE_MS);
    if (code !== 0) throw new Error(`${this.title} did not stop cleanly but with ${signal ?? `code ${code}`}: ${this.describe()}`);
  }

  /** Ends it at once, whatever it does. */
  async end(): Promise<void> {
    // A stopped process (SIGSTOP) takes SIGKILL too.
    if (this.#exit === undefined) this.kill('SIGKILL');
    await this.exited;
  }

  /** How it is and the last it said, for messages. */
  describe(): string {
    const state = this.#exit === undefined ? 'it runs' : `it ended with ${this.#exit.signal ?? `code ${this.#exit.code}`}`;
    const lines = this.lines.slice(-LINES_SHOWN).map((line) => JSON.stringify(line));
    return [state, ...lines, this.#stderr.trim()].filter((text) => text !== '').join('\n  ');
  }

  async #follow(): Promise<ProgramExit> {
    const child = this.#child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_LENGTH_MAX);
    });
    if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (text) => this.#read(text));
    const [code, signal] = (await once(child, 'close').catch((error: unknown) => {
      this.#stderr += String(error);
      return [null, null];
    })) as [number | null, NodeJS.Signals | null];
    running.delete(child);
    this.#exit = { code, signal };
    this.#wake();
    return this.#exit;
  }

  #read(text: string): void {
    let line: unknown;
    try {
      line = JSON.parse(text);
    } catch {
      // Not a log line: kept as one, so that it is shown where something goes wrong.
      line = { level: 'unknown', time: '', event: 'text', text };
    }
    this.lines.push(line as LogLine);
    if (this.lines.length > LINES_MAX) this.lines.shift();
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Until a line came, the process ended, or the signal fired. */
  async #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#waiting.delete(resolve);
  }

  async #exitWithin(deadlineMs: number): Promise<ProgramExit> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), deadlineMs);
    try {
      const exit = await this.exited;
      if (exit.signal === 'SIGKILL')
        throw new Error(`${this.title} had to be killed, ${deadlineMs} ms after it was asked to stop: ${this.describe()}`);
      return exit;
    } finally {
      clearTimeout(timer);
    }
  }
}
