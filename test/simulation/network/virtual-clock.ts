import type { Clock } from './clock.js';

interface Waiting {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
  isTakenBack: boolean;
}

/** Time that passes when told to. Callbacks due at one moment run in the order they were asked for. */
export class VirtualClock implements Clock {
  /** A binary heap: the next one first. */
  readonly #heap: Waiting[] = [];
  #nowMs = 0;
  #lastOrder = 0;

  now(): number {
    return this.#nowMs;
  }

  wait(delayMs: number, callback: () => void): () => void {
    const waiting: Waiting = { atMs: this.#nowMs + Math.max(0, delayMs), order: ++this.#lastOrder, callback, isTakenBack: false };
    this.#push(waiting);
    return () => (waiting.isTakenBack = true);
  }

  /** When the next callback is due, or undefined when nothing waits. */
  get nextAtMs(): number | undefined {
    this.#dropTakenBack();
    return this.#heap[0]?.atMs;
  }

  /** Goes to the next callback and makes it, and lets promises settle. Returns false when nothing waits. */
  async step(): Promise<boolean> {
    this.#dropTakenBack();
    const waiting = this.#pop();
    if (waiting === undefined) return false;
    this.#nowMs = waiting.atMs;
    waiting.callback();
    await settled();
    return true;
  }

  /** Lets `ms` pass, with everything that is due in them. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    while ((this.nextAtMs ?? Infinity) <= untilMs) await this.step();
    this.#nowMs = untilMs;
  }

  /** Lets time pass until `isDone`, at most `limitMs`. Returns whether it came to that. */
  async runUntil(isDone: () => boolean, limitMs: number): Promise<boolean> {
    const untilMs = this.#nowMs + limitMs;
    await settled();
    while (!isDone() && (this.nextAtMs ?? Infinity) <= untilMs) await this.step();
    return isDone();
  }

  #dropTakenBack(): void {
    while (this.#heap[0]?.isTakenBack === true) this.#pop();
  }

  #push(waiting: Waiting): void {
    const heap = this.#heap;
    let at = heap.push(waiting) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(waiting, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = waiting;
  }

  #pop(): Waiting | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const below = isRight ? right : left;
      if (!isBefore(below, last)) break;
      heap[at] = below;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Waiting, b: Waiting): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Every promise that can settle without time passing has settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
