import { SORTED_LISTINGS_MAX } from '../limits.js';
import type { CataloguePeer } from './catalogue-peer.js';
import type { CataloguePosition } from './catalogue-store.js';
import { compareToPosition } from './name-entry.js';
import type { NameEntry } from './name-entry.js';

/**
 * What single peers hold, in order. A listing is sorted when its first page is asked for and remembered for the next
 * ones, until the peer's names change or other listings push it out: a standing index of each peer would cost memory
 * for something that is seldom asked.
 */
export class PeerListings {
  readonly #sorted = new Map<CataloguePeer, NameEntry[]>();

  /** Up to `limit` entries after `after`. */
  page(peer: CataloguePeer, after: CataloguePosition | undefined, limit: number): NameEntry[] {
    const entries = this.#sorted.get(peer) ?? sort(peer);
    this.#sorted.delete(peer);
    this.#sorted.set(peer, entries);
    if (this.#sorted.size > SORTED_LISTINGS_MAX) this.#forgetOldest();
    const start = after === undefined ? 0 : firstAfter(entries, after);
    return entries.slice(start, start + limit);
  }

  forget(peer: CataloguePeer): void {
    this.#sorted.delete(peer);
  }

  #forgetOldest(): void {
    for (const peer of this.#sorted.keys()) {
      this.#sorted.delete(peer);
      return;
    }
  }
}

function sort(peer: CataloguePeer): NameEntry[] {
  const entries: NameEntry[] = [];
  for (const holding of peer.holdings.values()) {
    for (const entry of holding.names) entries.push(entry);
  }
  return entries.sort((left, right) => compareToPosition(left, right.name, right.content.id));
}

function firstAfter(entries: readonly NameEntry[], after: CataloguePosition): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = entries[middle];
    if (entry !== undefined && compareToPosition(entry, after.name, after.id) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
