/** Counts words read while searching, so that a test can hold the cost of a pick to a bound. */
export interface SearchCost {
  words: number;
}

/**
 * A set of ranks (places in the order of a download) as bits, with a second layer that tells which words are not empty:
 * of a million segments a search reads at most a thousand words to find the first.
 */
export class RankSet {
  readonly #words: Uint32Array;
  readonly #filled: Uint32Array;
  #count = 0;

  constructor(size: number) {
    this.#words = new Uint32Array(Math.ceil(size / 32));
    this.#filled = new Uint32Array(Math.ceil(size / 1024));
  }

  get count(): number {
    return this.#count;
  }

  has(rank: number): boolean {
    return (((this.#words[rank >>> 5] ?? 0) >>> (rank & 31)) & 1) !== 0;
  }

  /** Returns whether it was missing. */
  add(rank: number): boolean {
    const index = rank >>> 5;
    const word = this.#words[index] ?? 0;
    const bit = 1 << (rank & 31);
    if ((word & bit) !== 0) return false;
    this.#words[index] = word | bit;
    this.#filled[index >>> 5] = (this.#filled[index >>> 5] ?? 0) | (1 << (index & 31));
    this.#count++;
    return true;
  }

  /** Returns whether it was there. */
  delete(rank: number): boolean {
    const index = rank >>> 5;
    const word = this.#words[index] ?? 0;
    const bit = 1 << (rank & 31);
    if ((word & bit) === 0) return false;
    const rest = word & ~bit;
    this.#words[index] = rest;
    if (rest === 0) this.#filled[index >>> 5] = (this.#filled[index >>> 5] ?? 0) & ~(1 << (index & 31));
    this.#count--;
    return true;
  }

  /** The lowest rank, or -1. */
  first(cost: SearchCost): number {
    if (this.#count === 0) return -1;
    for (let group = 0; group < this.#filled.length; group++) {
      cost.words++;
      const filled = this.#filled[group] ?? 0;
      if (filled === 0) continue;
      const index = (group << 5) | lowestBit(filled);
      return (index << 5) | lowestBit(this.#words[index] ?? 0);
    }
    return -1;
  }

  /** The lowest rank above `rank`, or -1. */
  after(rank: number): number {
    const from = rank + 1;
    let index = from >>> 5;
    const rest = (this.#words[index] ?? 0) & (-1 << (from & 31));
    if (rest !== 0) return (index << 5) | lowestBit(rest);
    index++;
    let group = index >>> 5;
    let filled = (this.#filled[group] ?? 0) & (-1 << (index & 31));
    while (filled === 0 && ++group < this.#filled.length) filled = this.#filled[group] ?? 0;
    if (filled === 0) return -1;
    index = (group << 5) | lowestBit(filled);
    return (index << 5) | lowestBit(this.#words[index] ?? 0);
  }

  /** The lowest rank that is in both sets, or -1; gives up with -1 once `cost.words` reaches `wordsMax`. */
  firstCommon(other: RankSet, cost: SearchCost, wordsMax: number): number {
    if (this.#count === 0 || other.#count === 0) return -1;
    for (let group = 0; group < this.#filled.length && cost.words < wordsMax; group++) {
      cost.words++;
      let filled = (this.#filled[group] ?? 0) & (other.#filled[group] ?? 0);
      while (filled !== 0) {
        cost.words++;
        const index = (group << 5) | lowestBit(filled);
        const common = (this.#words[index] ?? 0) & (other.#words[index] ?? 0);
        if (common !== 0) return (index << 5) | lowestBit(common);
        filled &= filled - 1;
      }
    }
    return -1;
  }

  forEach(visit: (rank: number) => void): void {
    for (let index = 0; index < this.#words.length; index++) {
      for (let word = this.#words[index] ?? 0; word !== 0; word &= word - 1) visit((index << 5) | lowestBit(word));
    }
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
