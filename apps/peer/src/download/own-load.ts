import { BusiestThread } from '@p2p/service';
import type { Clock } from './clock.js';
import type { WorkerLoad } from './worker-load.js';

export interface OwnShares {
  /** Of the busiest thread, computing or waiting for a CPU; 0 to 1. */
  readonly cpu: number;
  /** Of the disk, writing segments; 0 to 1. */
  readonly disk: number;
}

/** How much of the time this process itself was what its downloads waited for. One for all of them: they share it. */
export class OwnLoad {
  readonly #clock: Clock;
  readonly #worker: { readonly load: WorkerLoad };
  readonly #cpu = new BusiestThread();
  #sampledAt: number;
  #last: OwnShares = { cpu: 0, disk: 0 };

  constructor(components: { readonly clock: Clock; readonly worker: { readonly load: WorkerLoad } }) {
    this.#clock = components.clock;
    this.#worker = components.worker;
    this.#sampledAt = this.#clock.now();
  }

  /** Since it was last measured, where that was at least `spanMs` ago; else what was measured then. */
  over(spanMs: number): OwnShares {
    const now = this.#clock.now();
    if (now - this.#sampledAt < spanMs) return this.#last;
    this.#sampledAt = now;
    const { load } = this.#worker;
    const cpu = this.#cpu.share();
    // While its thread waits for a CPU a write takes long on the fastest disk.
    const disk = Math.min(load.diskShare(), 1 - this.#cpu.shareOf(load.thread));
    this.#last = { cpu, disk };
    return this.#last;
  }
}
