/** A queue that serves its keys in turn: each gives one item, then the next key does. Items of one key keep their order. */
export class FairQueue<Key, Item> {
  /** The key whose turn it is comes first. */
  readonly #byKey = new Map<Key, Item[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(key: Key, item: Item): void {
    const items = this.#byKey.get(key);
    if (items === undefined) this.#byKey.set(key, [item]);
    else items.push(item);
    this.#size++;
  }

  peek(): Item | undefined {
    for (const items of this.#byKey.values()) return items[0];
    return undefined;
  }

  shift(): Item | undefined {
    for (const [key, items] of this.#byKey) {
      const item = items.shift();
      this.#size--;
      this.#byKey.delete(key);
      if (items.length > 0) this.#byKey.set(key, items);
      return item;
    }
    return undefined;
  }

  delete(key: Key, item: Item): void {
    const items = this.#byKey.get(key);
    const at = items?.indexOf(item) ?? -1;
    if (items === undefined || at < 0) return;
    items.splice(at, 1);
    this.#size--;
    if (items.length === 0) this.#byKey.delete(key);
  }
}
