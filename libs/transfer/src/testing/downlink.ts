/** The downloader's end of all its links: what comes passes it one after the other, at the rate it has. */
export class Downlink {
  readonly #bytesPerSecond: number;
  #freeAt = 0;

  /** `bytesPerSecond`: Infinity when it is never what a download waits for. */
  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Ms from `now` until `bytes` that arrive now have passed. */
  passMs(now: number, bytes: number): number {
    if (this.#bytesPerSecond === Infinity) return 0;
    this.#freeAt = Math.max(this.#freeAt, now) + (bytes / this.#bytesPerSecond) * 1000;
    return this.#freeAt - now;
  }
}
