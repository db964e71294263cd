/** What is to happen at a virtual time, earliest first and in order of arrival among equals (a binary heap). */
export class EventQueue {
  readonly #heap: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  get nextAt(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  add(at: number, run: () => void): void {
    const heap = this.#heap;
    let place = heap.length;
    const entry = { at, order: this.#order++, run };
    heap.push(entry);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(place, parent)) break;
      this.#swap(place, parent);
      place = parent;
    }
  }

  /** Removes the earliest and answers what to run. */
  take(): () => void {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) throw new Error('nothing is to happen any more');
    if (heap.length > 0) {
      heap[0] = last;
      let place = 0;
      for (;;) {
        let least = place;
        for (const child of [2 * place + 1, 2 * place + 2]) if (child < heap.length && this.#isBefore(child, least)) least = child;
        if (least === place) break;
        this.#swap(place, least);
        place = least;
      }
    }
    return first.run;
  }

  #isBefore(place: number, other: number): boolean {
    const one = this.#heap[place];
    const two = this.#heap[other];
    if (one === undefined || two === undefined) return false;
    return one.at < two.at || (one.at === two.at && one.order < two.order);
  }

  #swap(place: number, other: number): void {
    const heap = this.#heap;
    const entry = heap[place];
    const second = heap[other];
    if (entry === undefined || second === undefined) return;
    heap[place] = second;
    heap[other] = entry;
  }
}
