// One run of a command, with all it printed.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Milliseconds until it is killed and counts as failed. */
  readonly deadlineMs?: number;
  /** Is told every whole line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface RunningCommand {
  readonly pid: number;
  readonly result: Promise<CommandResult>;
  kill(signal: NodeJS.Signals): void;
}

const DEADLINE_MS = 120_000;
/** Characters of output that are kept. */
const OUTPUT_LENGTH_MAX = 16 * 1024 * 1024;

/** What must end when this process ends, however it ends. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Runs a program file by this very Node. */
export function startCommand(file: string, args: readonly string[], options: CommandOptions): RunningCommand {
  const { deadlineMs = DEADLINE_MS } = options;
  const child = spawn(process.execPath, [file, ...args], { env: options.env, cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = (): void => void child.kill('SIGKILL');
  running.add(child);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] = (output[name] + text).slice(-OUTPUT_LENGTH_MAX);
    });
  }
  const { onLine } = options;
  if (onLine !== undefined) createInterface({ input: child.stdout }).on('line', (line) => onLine(line));
  const result = (async (): Promise<CommandResult> => {
    const timer = setTimeout(() => {
      output.stderr += `\nkilled: it took longer than ${deadlineMs} ms`;
      end();
    }, deadlineMs);
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    clearTimeout(timer);
    running.delete(child);
    return { code, signal, ...output };
  })();
  return { pid: child.pid ?? -1, result, kill: (signal) => void child.kill(signal) };
}
