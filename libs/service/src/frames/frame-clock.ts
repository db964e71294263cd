/** The time that pacing and time-outs go by. */
export interface FrameClock {
  /** Milliseconds since any fixed moment, with fractions; never goes back. */
  nowMs(): number;
  /** Calls `action` once, after `delayMs`. Returns what takes it back. */
  after(delayMs: number, action: () => void): () => void;
}

export const SYSTEM_CLOCK: FrameClock = {
  nowMs: () => performance.now(),
  after: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};
