export interface BackoffOptions {
  readonly minMs: number;
  readonly maxMs: number;
  /** Numbers from 0 to below 1. */
  readonly random: () => number;
}

/**
 * Waits that double, each drawn at random from the upper half of what it could be, so that the peers that one diary
 * lost do not all come back in the same instant.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #nextMs: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#nextMs = options.minMs;
  }

  nextMs(): number {
    const waitMs = this.#nextMs * (0.5 + this.#options.random() / 2);
    this.#nextMs = Math.min(this.#nextMs * 2, this.#options.maxMs);
    return waitMs;
  }

  reset(): void {
    this.#nextMs = this.#options.minMs;
  }
}
