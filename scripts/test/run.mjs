import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** What runs now: ended when this process is told to end. */
let current;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (current !== undefined) killGroup(current, 'SIGKILL');
    process.exit(130);
  });
}

/**
 * Runs a program of node_modules/.bin, its output on ours, in a process group of its own, so that all it started can be
 * ended when it takes longer than `minutes`. Returns its code, or undefined with a note when it was ended.
 */
export async function run([program, ...args], { root, minutes, env = process.env }) {
  const installed = join(root, 'node_modules/.bin', program);
  const startedAt = performance.now();
  const child = spawn(existsSync(installed) ? installed : program, args, {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  current = child;
  let note;
  const timer = setTimeout(() => {
    note = `ended after ${minutes} min, the time it may take`;
    killGroup(child, 'SIGKILL');
  }, minutes * 60_000);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  current = undefined;
  // Whatever it left running would disturb what comes next.
  killGroup(child, 'SIGKILL');
  return { code: note === undefined ? code : undefined, note, seconds: (performance.now() - startedAt) / 1000 };
}

function killGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
