import { RATE_SAMPLE_BYTES, RATE_SAMPLE_MS, RATE_SAMPLE_WEIGHT } from './limits.js';

/** How fast bodies drained from a socket into the network, over the time in which there were some. */
export class DrainRate {
  #bytesPerSecond: number | undefined;
  #busySinceMs: number | undefined;
  #sampleMs = 0;
  #sampleBytes = 0;

  /** `undefined` until enough was sent to tell. */
  get bytesPerSecond(): number | undefined {
    return this.#bytesPerSecond;
  }

  /** There is something to send. */
  busy(nowMs: number): void {
    this.#busySinceMs ??= nowMs;
  }

  /** `bytes` have been taken by the kernel. */
  drained(nowMs: number, bytes: number): void {
    if (this.#busySinceMs === undefined) return;
    this.#sampleMs += nowMs - this.#busySinceMs;
    this.#busySinceMs = nowMs;
    this.#sampleBytes += bytes;
    if (this.#sampleMs < RATE_SAMPLE_MS && this.#sampleBytes < RATE_SAMPLE_BYTES) return;
    const sample = (this.#sampleBytes / Math.max(this.#sampleMs, 0.001)) * 1000;
    this.#bytesPerSecond =
      this.#bytesPerSecond === undefined ? sample : this.#bytesPerSecond + RATE_SAMPLE_WEIGHT * (sample - this.#bytesPerSecond);
    this.#sampleMs = 0;
    this.#sampleBytes = 0;
  }

  /** Everything has been taken. */
  idle(): void {
    this.#busySinceMs = undefined;
  }
}
