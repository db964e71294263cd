import { DELIVERY_GAP_MS_MAX, DELIVERY_SAMPLE_MS, DELIVERY_WEIGHT } from '../limits.js';

/**
 * How fast a connection's segments arrive, as far as the sending side can tell. The kernel takes some MiB at once,
 * however slow the link, so the time until the asker asks again counts too: it asks when something has arrived. What
 * this side needs to read and compress does not count.
 */
export class DeliveryRate {
  readonly #now: () => number;
  #bytesPerSecond: number | undefined;
  /** Since when time counts. */
  #sinceMs: number | undefined;
  #sampleMs = 0;
  #sampleBytes = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Undefined until enough was sent to tell. */
  get bytesPerSecond(): number | undefined {
    return this.#bytesPerSecond;
  }

  /** `bytes` of a body were taken by the kernel. */
  sent(bytes: number): void {
    this.#count();
    this.#sampleBytes += bytes;
    if (this.#sampleMs < DELIVERY_SAMPLE_MS) return;
    const sample = (this.#sampleBytes / this.#sampleMs) * 1000;
    const before = this.#bytesPerSecond ?? sample;
    this.#bytesPerSecond = before + DELIVERY_WEIGHT * (sample - before);
    this.#sampleMs = 0;
    this.#sampleBytes = 0;
  }

  /** From now on it is the link or the asker that takes time (`true`), or this side (`false`). */
  waitsForOther(isWaiting: boolean): void {
    this.#count();
    this.#sinceMs = isWaiting ? this.#now() : undefined;
  }

  #count(): void {
    if (this.#sinceMs === undefined) return;
    const now = this.#now();
    const ms = now - this.#sinceMs;
    // Longer, and the asker simply had nothing to ask.
    if (ms <= DELIVERY_GAP_MS_MAX) this.#sampleMs += ms;
    this.#sinceMs = now;
  }
}
