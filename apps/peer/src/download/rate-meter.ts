import { RATE_SAMPLE_MS, RATE_WINDOW_MS } from '../limits.js';

/** The rate at which a position moved over the last seconds. Times in ms of any one clock. */
export class RateMeter {
  readonly #samples: { at: number; position: number }[] = [];

  constructor(now: number, position: number) {
    this.#samples.push({ at: now, position });
  }

  /** Notes where the position is; call it as often as convenient. */
  note(now: number, position: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && now - last.at < RATE_SAMPLE_MS) return;
    this.#samples.push({ at: now, position });
    // The one just before the window stays: the rate is over the whole window.
    while (this.#samples.length > 2 && now - (this.#samples[1]?.at ?? now) >= RATE_WINDOW_MS) this.#samples.shift();
  }

  /** Bytes a second between the beginning of the window and now; 0 when nothing came, or came back. */
  bytesPerSecond(now: number, position: number): number {
    const first = this.#samples.find((sample) => now - sample.at <= RATE_WINDOW_MS + RATE_SAMPLE_MS) ?? this.#samples.at(-1);
    if (first === undefined || now <= first.at) return 0;
    return Math.max(0, ((position - first.position) / (now - first.at)) * 1000);
  }
}
