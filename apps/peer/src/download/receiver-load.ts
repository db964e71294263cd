import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import {
  RECEIVER_BOUND_BYTES_PER_SECOND,
  RECEIVER_BOUND_DEPTH,
  RECEIVER_BOUND_MS,
  RECEIVER_BOUND_SAMPLE_MS,
  RECEIVER_BOUND_UTILIZATION,
} from '../limits.js';
import type { Clock } from './clock.js';

/**
 * Whether this process itself has lately been what its downloads waited for: then the rate at which a holder's link
 * drains says little about the link, and the holder is told so.
 */
export class ReceiverLoad {
  readonly #worker: { readonly backlog: number };
  readonly #clock: Clock;
  readonly #utilization: () => EventLoopUtilization;
  #sampledAt: number;
  #sample: EventLoopUtilization;
  #loopWasBusy = false;
  #deepAt = Number.NEGATIVE_INFINITY;
  #fastAt = Number.NEGATIVE_INFINITY;
  #receivedBytes = 0;
  #receivedSince: number;

  constructor(components: {
    readonly worker: { readonly backlog: number };
    readonly clock: Clock;
    readonly utilization?: () => EventLoopUtilization;
  }) {
    this.#worker = components.worker;
    this.#clock = components.clock;
    this.#utilization = components.utilization ?? (() => performance.eventLoopUtilization());
    this.#sampledAt = this.#clock.now();
    this.#sample = this.#utilization();
    this.#receivedSince = this.#sampledAt;
  }

  /** `wireBytes` of bodies came, of whichever download. */
  received(wireBytes: number): void {
    this.#receivedBytes += wireBytes;
    const now = this.#clock.now();
    const ms = now - this.#receivedSince;
    if (ms < RECEIVER_BOUND_SAMPLE_MS) return;
    if ((this.#receivedBytes / ms) * 1000 >= RECEIVER_BOUND_BYTES_PER_SECOND) this.#fastAt = now;
    this.#receivedBytes = 0;
    this.#receivedSince = now;
  }

  /** Asked with every request; the event loop is measured once a second at most. */
  get isBound(): boolean {
    const now = this.#clock.now();
    if (this.#worker.backlog >= RECEIVER_BOUND_DEPTH) this.#deepAt = now;
    if (now - this.#sampledAt >= RECEIVER_BOUND_MS) this.#measureLoop(now);
    return this.#loopWasBusy || now - Math.max(this.#deepAt, this.#fastAt) < RECEIVER_BOUND_MS;
  }

  #measureLoop(now: number): void {
    const sample = this.#utilization();
    const active = sample.active - this.#sample.active;
    const idle = sample.idle - this.#sample.idle;
    this.#loopWasBusy = active + idle > 0 && active / (active + idle) >= RECEIVER_BOUND_UTILIZATION;
    this.#sampledAt = now;
    this.#sample = sample;
  }
}
