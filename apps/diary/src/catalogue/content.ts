import type { CatalogueEntry, FileId, HoldingState } from '@p2p/protocol';
import type { ContentHolding } from './content-holding.js';
import type { NamedContent } from './name-entry.js';

/**
 * A content and who holds it. The holdings are one array, complete ones first: counting is free, and a random choice
 * shuffles only as many as it takes.
 */
export class Content implements NamedContent {
  readonly id: FileId;
  readonly bytes: number;
  #holdings: ContentHolding[] = [];
  #completeCount = 0;

  constructor(id: FileId, bytes: number) {
    this.id = id;
    this.bytes = bytes;
  }

  get completeCount(): number {
    return this.#completeCount;
  }

  get holdersCount(): number {
    return this.#holdings.length;
  }

  /** Of whichever holder comes first: what a content is called when it was asked for by id. */
  get anyName(): string | undefined {
    return this.#holdings[0]?.entry.name;
  }

  stateOf(holding: ContentHolding): HoldingState {
    return holding.position < this.#completeCount ? 'complete' : 'partial';
  }

  add(holding: ContentHolding, state: HoldingState): void {
    holding.position = this.#holdings.length;
    // Pushing onto an empty array reserves room for 17; most contents of a large catalogue have few holders.
    if (this.#holdings.length === 0) this.#holdings = [holding];
    else this.#holdings.push(holding);
    if (state === 'complete') this.setState(holding, state);
  }

  /** Returns whether the state changed. */
  setState(holding: ContentHolding, state: HoldingState): boolean {
    if (this.stateOf(holding) === state) return false;
    if (state === 'complete') {
      this.#swap(holding.position, this.#completeCount);
      this.#completeCount++;
    } else {
      this.#completeCount--;
      this.#swap(holding.position, this.#completeCount);
    }
    return true;
  }

  remove(holding: ContentHolding): void {
    this.setState(holding, 'partial');
    this.#swap(holding.position, this.#holdings.length - 1);
    this.#holdings.pop();
  }

  /**
   * Up to `limit` of the holdings that `accepts` lets pass, each as likely as any other of its kind: complete, then
   * partial, and only when these are too few draining ones. `random` gives numbers from 0 to below 1.
   */
  sample(limit: number, accepts: (holding: ContentHolding) => boolean, random: () => number): ContentHolding[] {
    const chosen: ContentHolding[] = [];
    const draining: ContentHolding[] = [];
    const count = this.#holdings.length;
    for (let at = 0; at < count && chosen.length < limit; at++) {
      // A step of a shuffle, within the complete ones and then within the partial ones: their order in the array means nothing.
      const end = at < this.#completeCount ? this.#completeCount : count;
      this.#swap(at, at + Math.floor(random() * (end - at)));
      const holding = this.#holdings[at];
      if (holding === undefined || !accepts(holding)) continue;
      if (!holding.peer.record.draining) chosen.push(holding);
      else if (draining.length < limit) draining.push(holding);
    }
    return chosen.concat(draining.slice(0, limit - chosen.length));
  }

  toEntry(name: string): CatalogueEntry {
    const complete = this.#completeCount;
    return { id: this.id, name, bytes: this.bytes, complete, partial: this.#holdings.length - complete };
  }

  #swap(left: number, right: number): void {
    const first = this.#holdings[left];
    const second = this.#holdings[right];
    if (first === undefined || second === undefined) return;
    this.#holdings[left] = second;
    this.#holdings[right] = first;
    second.position = left;
    first.position = right;
  }
}
