import { BusiestThread, BusyTime } from '@p2p/service';
import { SPEED_SAMPLE_MS } from '../limits.js';

/** How much of the time this peer cannot serve faster whatever the links carry: it reads and compresses all the time, or is short of CPU. */
export class ServeLoad {
  readonly #cpu = new BusiestThread();
  readonly #preparing = new BusyTime();
  #share: number | undefined;

  /** The first of several segments is asked for: what was before says nothing. */
  restart(): void {
    if (this.#preparing.sinceMs < SPEED_SAMPLE_MS) return;
    this.#look();
    this.#share = undefined;
  }

  /** A segment begins (+1) or ends (-1) to be read and compressed. */
  preparing(delta: 1 | -1): void {
    if (delta === 1) this.#preparing.begin();
    else this.#preparing.end();
  }

  /** 0 to 1, in hundredths, as of the last half second; undefined until there was one. */
  get share(): number | undefined {
    if (this.#preparing.sinceMs >= SPEED_SAMPLE_MS) this.#share = this.#look();
    return this.#share;
  }

  #look(): number {
    return Math.round(Math.max(this.#cpu.share(), this.#preparing.share()) * 100) / 100;
  }
}
