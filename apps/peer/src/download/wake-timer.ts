import type { Clock } from './clock.js';

/**
 * The one timer of a download. Its time is asked for anew after everything that happens, thousands of times a second, so
 * it is set again only to go off earlier: going off too early does no harm.
 */
export class WakeTimer {
  readonly #clock: Clock;
  readonly #onWake: () => void;
  #at = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onWake: () => void) {
    this.#clock = clock;
    this.#onWake = onWake;
  }

  /** Goes off at `at` ms of the clock or earlier. */
  setFor(at: number): void {
    if (at >= this.#at) return;
    this.#cancel?.();
    this.#at = at;
    this.#cancel = this.#clock.wait(Math.ceil(at - this.#clock.now()), () => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#onWake();
    });
  }

  close(): void {
    this.#cancel?.();
  }
}
