/** Time as the downloads see it, so that tests can hold it still. */
export interface Clock {
  /** Milliseconds, never going back. */
  now(): number;
  /** Calls back once, `delayMs` from now; the result takes that back. */
  wait(delayMs: number, callback: () => void): () => void;
}

/** The largest delay that a timer of Node takes. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  wait(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), TIMER_MS_MAX));
    return () => clearTimeout(timer);
  },
};
