import type { FrameClock } from './frame-clock.js';
import { SECOND_LOOK_MS } from './limits.js';

export interface ProgressWatchOptions {
  readonly clock: FrameClock;
  readonly limitMs: number;
  /** A number that changes with every step forward. */
  progress(): number;
  /** Whether there is something that the other side owes. */
  isWaiting(): boolean;
  /** Whether there may soon be again, so that watching must go on. */
  isNeeded(): boolean;
  /** Something was owed for `limitMs` (at most twice that), and nothing moved. */
  onLate(): void;
}

/** Notices when the other side does not get on. It has one timer at most, and none is touched while all goes well. */
export class ProgressWatch {
  readonly #options: ProgressWatchOptions;
  #takeBackTimer: (() => void) | undefined;
  #progressBefore = 0;
  #wasWaiting = false;

  constructor(options: ProgressWatchOptions) {
    this.#options = options;
  }

  /** Watches from now on, unless it does. */
  begin(): void {
    if (this.#takeBackTimer !== undefined) return;
    this.#progressBefore = this.#options.progress();
    this.#wasWaiting = this.#options.isWaiting();
    this.#lookAfter(this.#options.limitMs, false);
  }

  stop(): void {
    this.#takeBackTimer?.();
    this.#takeBackTimer = undefined;
  }

  #lookAfter(delayMs: number, isSecondLook: boolean): void {
    this.#takeBackTimer = this.#options.clock.after(delayMs, () => {
      this.#takeBackTimer = undefined;
      const { progress, isWaiting, isNeeded, onLate } = this.#options;
      if (!isNeeded()) return;
      if (!this.#wasWaiting || !isWaiting() || progress() !== this.#progressBefore) this.begin();
      else if (isSecondLook) onLate();
      else this.#lookAfter(SECOND_LOOK_MS, true);
    });
  }
}
