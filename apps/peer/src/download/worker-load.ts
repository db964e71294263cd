import { BusyTime } from '@p2p/service';
import type { SegmentTimes } from './segment-task.js';

/** How much of the time the worker thread was in work, and how much of that was for the disk. */
export class WorkerLoad {
  /** The number of the worker's thread; undefined while there is none, or the system gives none. */
  thread: string | undefined;
  readonly #busy = new BusyTime();
  #workMs = 0;
  #writeMs = 0;
  #diskPart = 0;

  begin(): void {
    this.#busy.begin();
  }

  /** Without times when it came to nothing. */
  end(times?: SegmentTimes): void {
    this.#busy.end();
    if (times === undefined) return;
    this.#workMs += times.decompressMs + times.verifyMs + times.writeMs;
    this.#writeMs += times.writeMs;
  }

  /** The share of the time since it was last asked that writing took; 0 to 1. What is still in work is taken to be like what came before. */
  diskShare(): number {
    if (this.#workMs > 0) this.#diskPart = this.#writeMs / this.#workMs;
    this.#workMs = 0;
    this.#writeMs = 0;
    return this.#busy.share() * this.#diskPart;
  }
}
