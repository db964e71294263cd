import { Failure } from './failure.js';

/** A set of segment indexes, one bit each, segment 0 in the lowest bit of the first byte: the layout on wire and disk. */
export class Bitmap {
  readonly size: number;
  readonly bytes: Uint8Array;
  #count = 0;

  constructor(size: number, bytes: Uint8Array = new Uint8Array(Math.ceil(size / 8))) {
    if (bytes.length !== Math.ceil(size / 8)) {
      throw new Failure('BAD_REQUEST', `a bitmap of ${bytes.length} bytes for ${size} segments`);
    }
    this.size = size;
    this.bytes = bytes;
    const spare = bytes.length * 8 - size;
    const last = bytes.length - 1;
    if (spare > 0 && (bytes[last] ?? 0) >> (8 - spare) !== 0) {
      throw new Failure('BAD_REQUEST', `a bitmap has segments beyond the last of ${size}`);
    }
    for (const byte of bytes) this.#count += bitCount(byte);
  }

  static full(size: number): Bitmap {
    const bytes = new Uint8Array(Math.ceil(size / 8)).fill(0xff);
    const spare = bytes.length * 8 - size;
    if (spare > 0) bytes[bytes.length - 1] = 0xff >> spare;
    return new Bitmap(size, bytes);
  }

  /** Reads what a holder sent. Throws `BAD_REQUEST` when it does not fit `size` segments. */
  static fromBase64(size: number, text: string): Bitmap {
    let bytes: Uint8Array;
    try {
      bytes = Uint8Array.fromBase64(text);
    } catch (cause) {
      throw new Failure('BAD_REQUEST', 'a bitmap is not base64', { cause });
    }
    return new Bitmap(size, bytes);
  }

  /** How many segments are in the set. */
  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.size;
  }

  has(index: number): boolean {
    // Bit operators would fold a number that is no index (-1, 0.5, 2 ** 32) onto one that is.
    return index >>> 0 === index && ((this.bytes[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** Adds `index`; returns whether it was missing. */
  add(index: number): boolean {
    if (index >>> 0 !== index || index >= this.size || this.has(index)) return false;
    this.bytes[index >> 3] = (this.bytes[index >> 3] ?? 0) | (1 << (index & 7));
    this.#count++;
    return true;
  }

  /** Removes `index`; returns whether it was there. */
  delete(index: number): boolean {
    if (!this.has(index)) return false;
    this.bytes[index >> 3] = (this.bytes[index >> 3] ?? 0) & ~(1 << (index & 7));
    this.#count--;
    return true;
  }

  toBase64(): string {
    return this.bytes.toBase64();
  }
}

function bitCount(byte: number): number {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}
