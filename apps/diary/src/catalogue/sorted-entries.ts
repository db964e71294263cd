import { INDEX_CHUNK_ENTRIES_MAX } from '../limits.js';
import { compareToPosition } from './name-entry.js';
import type { NameEntry } from './name-entry.js';

/** Where an entry stands or would stand. */
interface Place {
  readonly chunk: number;
  readonly at: number;
}

/**
 * The catalogue's entries in the order of (name, id): a B-tree of two levels, an array of sorted chunks. A look-up is
 * two binary searches; an insertion moves part of one chunk; a million entries take 8 to 16 MB. Counting those of one
 * name walks the chunks between its ends, not the entries.
 */
export class SortedEntries {
  readonly #chunks: NameEntry[][] = [[]];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(name: string, id: string): NameEntry | undefined {
    const { chunk, at } = this.#place(name, id);
    const entry = this.#chunks[chunk]?.[at];
    return entry !== undefined && compareToPosition(entry, name, id) === 0 ? entry : undefined;
  }

  /** Adds an entry that is not there. */
  add(entry: NameEntry): void {
    const place = this.#place(entry.name, entry.content.id);
    // At the very end the place is one chunk too far.
    const index = Math.min(place.chunk, this.#chunks.length - 1);
    const chunk = this.#chunks[index];
    if (chunk === undefined) return;
    chunk.splice(index === place.chunk ? place.at : chunk.length, 0, entry);
    this.#size++;
    if (chunk.length > INDEX_CHUNK_ENTRIES_MAX) this.#chunks.splice(index + 1, 0, chunk.splice(chunk.length >> 1));
  }

  delete(entry: NameEntry): void {
    const { chunk: index, at } = this.#place(entry.name, entry.content.id);
    const chunk = this.#chunks[index];
    if (chunk?.[at] !== entry) return;
    chunk.splice(at, 1);
    this.#size--;
    this.#join(index);
  }

  /** Up to `limit` entries from the first that is after (name, id) or, with `inclusive`, at it. */
  from(name: string, id: string, limit: number, inclusive = false): NameEntry[] {
    let { chunk, at } = this.#place(name, id);
    const first = this.#chunks[chunk]?.[at];
    if (!inclusive && first !== undefined && compareToPosition(first, name, id) === 0) at++;
    const found: NameEntry[] = [];
    for (; chunk < this.#chunks.length && found.length < limit; chunk++, at = 0) {
      for (const entry of this.#chunks[chunk]?.slice(at, at + limit - found.length) ?? []) found.push(entry);
    }
    return found;
  }

  /** How many entries carry `name`. */
  countOf(name: string): number {
    const start = this.#place(name, '');
    // An id is hexadecimal digits, all of which come before "~".
    const end = this.#place(name, '~');
    let count = end.at - start.at;
    for (let chunk = start.chunk; chunk < end.chunk; chunk++) count += this.#chunks[chunk]?.length ?? 0;
    return count;
  }

  /** The place of the first entry at or after (name, id); one past the last chunk when there is none. */
  #place(name: string, id: string): Place {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const last = this.#chunks[middle]?.at(-1);
      if (last !== undefined && compareToPosition(last, name, id) < 0) low = middle + 1;
      else high = middle;
    }
    return { chunk: low, at: lowerBound(this.#chunks[low] ?? [], name, id) };
  }

  /** Joins a chunk that has become small to its neighbour, so that deletions leave no row of near-empty chunks. */
  #join(index: number): void {
    const left = this.#chunks[index - 1] === undefined ? index : index - 1;
    const first = this.#chunks[left];
    const second = this.#chunks[left + 1];
    if (first === undefined || second === undefined) return;
    const isSmall = first.length + second.length <= INDEX_CHUNK_ENTRIES_MAX / 2;
    if (!isSmall && first.length > 0 && second.length > 0) return;
    this.#chunks.splice(left, 2, first.concat(second));
  }
}

function lowerBound(chunk: readonly NameEntry[], name: string, id: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = chunk[middle];
    if (entry !== undefined && compareToPosition(entry, name, id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
