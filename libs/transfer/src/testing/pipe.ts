/** One end of many links: what comes passes it one after the other, at the rate it has. Who sends a lump at a time gets a fair share. */
export class Pipe {
  readonly #bytesPerSecond: number;
  #freeAt = 0;

  /** `bytesPerSecond`: Infinity when it is never what others wait for. */
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
