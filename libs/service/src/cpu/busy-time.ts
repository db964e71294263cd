/** How much of the time at least one thing was in work, since it was last asked. */
export class BusyTime {
  readonly #now: () => number;
  #inWork = 0;
  #busyMs = 0;
  #countedAt: number;
  #askedAt: number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#countedAt = now();
    this.#askedAt = this.#countedAt;
  }

  begin(): void {
    this.#count();
    this.#inWork += 1;
  }

  end(): void {
    this.#count();
    this.#inWork -= 1;
  }

  /** Milliseconds since it was last asked. */
  get sinceMs(): number {
    return this.#now() - this.#askedAt;
  }

  /** 0 to 1. */
  share(): number {
    this.#count();
    const elapsedMs = this.#countedAt - this.#askedAt;
    const share = elapsedMs > 0 ? this.#busyMs / elapsedMs : 0;
    this.#busyMs = 0;
    this.#askedAt = this.#countedAt;
    return share;
  }

  #count(): void {
    const now = this.#now();
    if (this.#inWork > 0) this.#busyMs += now - this.#countedAt;
    this.#countedAt = now;
  }
}
