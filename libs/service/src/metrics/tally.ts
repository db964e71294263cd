/**
 * One series of a counter or a gauge that changes with every segment: an addition. prom-client looks the labels up and
 * checks them each time; it is told when someone scrapes.
 */
export class Tally {
  #untold = 0;

  add(count: number): void {
    this.#untold += count;
  }

  /** What came since the last time. */
  take(): number {
    const untold = this.#untold;
    this.#untold = 0;
    return untold;
  }
}
