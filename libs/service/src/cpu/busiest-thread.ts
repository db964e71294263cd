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
  #shares: ReadonlyMap<string, number> = new Map();
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
    const shareOf = (thread: string, ns: number): number => Math.min(1, (ns - (before.get(thread) ?? 0)) / 1e6 / elapsedMs);
    this.#shares = new Map(Array.from(times, ([thread, ns]) => [thread, shareOf(thread, ns)]));
    return Math.max(0, ...this.#shares.values());
  }

  /** The same of one thread, when `share` was last asked; 0 of one that is not known. */
  shareOf(thread: string | undefined): number {
    return thread === undefined ? 0 : (this.#shares.get(thread) ?? 0);
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
