/**
 * Time as leases see it: it stands still while the diary itself does. Between two ticks it advances by at most the
 * ticks' interval, so a process that was stopped, or whose loop lagged, ends no lease for its own silence.
 */
export class LeaseClock {
  readonly #now: () => number;
  readonly #intervalMs: number;
  #tickedAtMs: number;
  #elapsedMs = 0;

  /** `now` is a monotonic clock in ms; `intervalMs` is how often `tick` is called when all is well. */
  constructor(now: () => number, intervalMs: number) {
    this.#now = now;
    this.#intervalMs = intervalMs;
    this.#tickedAtMs = now();
  }

  get nowMs(): number {
    return this.#elapsedMs + Math.min(this.#now() - this.#tickedAtMs, this.#intervalMs);
  }

  /** Returns by how many ms the tick was late: what is forgiven. */
  tick(): number {
    const now = this.#now();
    const lateMs = Math.max(0, now - this.#tickedAtMs - this.#intervalMs);
    this.#elapsedMs = this.nowMs;
    this.#tickedAtMs = now;
    return lateMs;
  }
}
