// The cluster's long-running programs: each in a session of its own, with a log and a file that names it.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { STATE_DIR, STOP_MS } from './settings.mjs';

const PID_DIR = join(STATE_DIR, 'pids');
const LOG_DIR = join(STATE_DIR, 'logs');
const LOOK_INTERVAL_MS = 50;
const LOG_LINES_SHOWN = 15;

/** Starts a program unless it runs. `namespace`: the network namespace it lives in. */
export async function start(name, program, args, { namespace } = {}) {
  if (isAlive(await pidOf(name))) return;
  await Promise.all([mkdir(PID_DIR, { recursive: true }), mkdir(LOG_DIR, { recursive: true })]);
  // Not "ip netns exec": it mounts /sys anew, and the kubelet would not find its control groups.
  const words = namespace === undefined ? [program, ...args] : ['nsenter', `--net=/run/netns/${namespace}`, program, ...args];
  const log = openSync(join(LOG_DIR, `${name}.log`), 'a');
  const child = spawn(words[0], words.slice(1), { detached: true, stdio: ['ignore', log, log], cwd: STATE_DIR });
  closeSync(log);
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  child.unref();
  await writeFile(join(PID_DIR, name), `${child.pid} ${startTimeOf(child.pid)}`);
}

/** Ends one that was started, and waits for it: SIGTERM, then SIGKILL. */
export async function stop(name, { signal = 'SIGTERM' } = {}) {
  const running = await pidOf(name);
  if (isAlive(running)) {
    kill(running.pid, signal);
    const killAt = performance.now() + STOP_MS / 3;
    const deadline = performance.now() + STOP_MS;
    while (isAlive(running)) {
      if (performance.now() > deadline) throw new Error(`${name} (process ${running.pid}) does not end`);
      if (performance.now() > killAt) kill(running.pid, 'SIGKILL');
      await delay(LOOK_INTERVAL_MS);
    }
  }
  await rm(join(PID_DIR, name), { force: true });
}

/** Names of all that were started and not stopped, whether they live or not. */
export async function started() {
  try {
    return await readdir(PID_DIR);
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Waits until `check` returns something. Throws with the log of `name` when time is up or it has ended. */
export async function ready(name, check, deadlineMs) {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const found = await check();
    if (found) return found;
    const lives = isAlive(await pidOf(name));
    if (!lives || performance.now() > deadline) {
      const why = lives ? `is not ready after ${deadlineMs / 1000} s` : 'has ended';
      throw new Error(`${name} ${why}; the end of its log:\n${await endOfLog(name)}`);
    }
    await delay(LOOK_INTERVAL_MS);
  }
}

async function endOfLog(name) {
  const text = await readFile(join(LOG_DIR, `${name}.log`), 'utf8');
  return text.trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
}

async function pidOf(name) {
  try {
    const [pid, startTime] = (await readFile(join(PID_DIR, name), 'utf8')).split(' ');
    return { pid: Number(pid), startTime };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The start time tells a process from a later one with its number. */
function isAlive(running) {
  return running !== undefined && startTimeOf(running.pid) === running.startTime;
}

/** In ticks since the machine started; undefined when there is none, or only what its parent has not yet looked at. */
function startTimeOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
