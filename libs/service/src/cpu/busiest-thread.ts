import { readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const TASKS = '/proc/self/task';

/** Nanoseconds that each thread of this process ran or waited for a CPU since it began; undefined where the system does not tell. */
export type ThreadTimes = ReadonlyMap<string, number>;

/**
 * The share of the time that the busiest thread of this process computed or waited for a CPU, since it was last asked:
 * near 1 means that more CPU would make it faster, be it short of cores, of a container's quota, or single-threaded.
 * Where the system does not tell of threads, the share of time in the event loop stands for it.
 */
export class BusiestThread {
  readonly #read: () => ThreadTimes | undefined;
  readonly #now: () => number;
  #at: number;
  #times: ThreadTimes | undefined;
  #loop = performance.eventLoopUtilization();

  constructor(system: { readonly read?: () => ThreadTimes | undefined; readonly now?: () => number } = {}) {
    this.#read = system.read ?? readThreadTimes;
    this.#now = system.now ?? (() => performance.now());
    this.#at = this.#now();
    this.#times = this.#read();
  }

  /** 0 to 1. Costs some 20 µs a thread: to be asked a few times a second at most. */
  share(): number {
    const now = this.#now();
    const elapsedMs = now - this.#at;
    const before = this.#times;
    const times = this.#read();
    const loop = performance.eventLoopUtilization();
    const loopShare = performance.eventLoopUtilization(loop, this.#loop).utilization;
    this.#at = now;
    this.#times = times;
    this.#loop = loop;
    if (times === undefined || before === undefined || elapsedMs <= 0) return loopShare;
    let most = 0;
    for (const [thread, ns] of times) most = Math.max(most, ns - (before.get(thread) ?? 0));
    return Math.min(1, most / 1e6 / elapsedMs);
  }
}

function readThreadTimes(): ThreadTimes | undefined {
  try {
    const times = new Map<string, number>();
    for (const thread of readdirSync(TASKS)) {
      const [ran, waited] = readSchedule(thread).split(' ');
      times.set(thread, Number(ran) + Number(waited));
    }
    return times;
  } catch {
    return undefined;
  }
}

/** A thread may end between the listing and the reading. */
function readSchedule(thread: string): string {
  try {
    return readFileSync(`${TASKS}/${thread}/schedstat`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '') && thread !== String(process.pid)) return '0 0';
    throw error;
  }
}
