// Chance that follows from a seed: the same seed makes the same inputs in the same order on every connection.
import { generator } from '../tools/content.ts';

export class Random {
  readonly #next: () => number;

  /** `parts` tell apart what is drawn under one seed: a target's name, a connection's number. */
  constructor(seed: number, ...parts: readonly (string | number)[]) {
    let mixed = seed >>> 0;
    for (const char of parts.join('/')) mixed = Math.imul(mixed ^ (char.codePointAt(0) ?? 0), 0x01_00_01_93) >>> 0;
    this.#next = generator(mixed);
  }

  /** A whole number from 0 to `count` - 1. */
  int(count: number): number {
    return Math.floor(this.#next() * count);
  }

  chance(ratio: number): boolean {
    return this.#next() < ratio;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.int(choices.length)] as T;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.int(256));
  }

  hex(digits: number): string {
    return Array.from({ length: digits }, () => this.int(16).toString(16)).join('');
  }
}
