// Programs that talk to the cluster: run to their end, or watched line by line while they run.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What it reads; without it, nothing. */
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds until it is killed and counts as failed. */
  readonly deadlineMs?: number;
  /** Is told every whole line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface Running {
  readonly outcome: Promise<Outcome>;
  kill(): void;
}

const DEADLINE_MS = 120_000;
/** Characters of output that are kept. */
const OUTPUT_LENGTH_MAX = 16 * 1024 * 1024;

/** What must end when this process ends, however it ends. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export function start(program: string, words: readonly string[], options: RunOptions = {}): Running {
  const { input, env = process.env, deadlineMs = DEADLINE_MS, onLine } = options;
  const child = spawn(program, words, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  running.add(child);
  // It may end before it has read everything.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] = (output[name] + text).slice(-OUTPUT_LENGTH_MAX);
    });
  }
  if (onLine !== undefined) createInterface({ input: child.stdout }).on('line', onLine);
  const outcome = (async (): Promise<Outcome> => {
    const timer = setTimeout(() => {
      output.stderr += `\nkilled: it took longer than ${deadlineMs} ms`;
      child.kill('SIGKILL');
    }, deadlineMs);
    try {
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, ...output };
    } finally {
      clearTimeout(timer);
      running.delete(child);
    }
  })();
  return { outcome, kill: () => void child.kill('SIGKILL') };
}

/** Runs a program to its end; returns what it printed. Throws with all it said when it fails. */
export async function run(program: string, words: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await start(program, words, options).outcome;
  if (code !== 0) throw new Error(`${program.split('/').at(-1)} ${words.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}
