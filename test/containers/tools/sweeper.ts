import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Sweeper extends AsyncDisposable {
  readonly pid: number;
}

/** A process that outlives this one, and then removes all that has the label LABEL=VALUE, and a folder. Disposing does it now, and waits for it. */
export function startSweeper(label: string, folder: string): Sweeper {
  const script = fileURLToPath(new URL('sweep.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, label, folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  return {
    pid: child.pid ?? -1,
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.ref();
      child.stdin.end();
      await exited;
    },
  };
}
