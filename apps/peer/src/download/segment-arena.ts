import { Failure, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN } from '@p2p/protocol';

/** A piece of the arena: `at` is its offset in the shared buffer. */
export interface Block {
  readonly at: number;
  readonly bytes: number;
}

const ORDERS = Math.log2(SEGMENT_BYTES_MAX / SEGMENT_BYTES_MIN) + 1;

/**
 * The buffers that segments are received into: one SharedArrayBuffer for the whole process, so that the worker thread
 * reads what the socket wrote without a copy. A buddy allocator cuts it into blocks of 64 KiB to 1 MiB, the segment
 * sizes there are. The lowest free address goes first, so that few pages are ever touched: an untouched page of the
 * arena costs no memory.
 */
export class SegmentArena {
  readonly buffer: SharedArrayBuffer;
  readonly #bytes: Uint8Array;
  /** One flag a block, one array an order; order 0 is the smallest block. 1 means free and not cut further. */
  readonly #free: readonly Uint8Array[];
  #freeBytes: number;

  /** `bytes` is a multiple of 1 MiB. */
  constructor(bytes: number) {
    if (bytes < SEGMENT_BYTES_MAX || bytes % SEGMENT_BYTES_MAX !== 0) {
      throw new Failure('INTERNAL', `an arena of ${bytes} bytes is not a multiple of ${SEGMENT_BYTES_MAX}`);
    }
    this.buffer = new SharedArrayBuffer(bytes);
    this.#bytes = new Uint8Array(this.buffer);
    this.#free = Array.from({ length: ORDERS }, (_, order) => new Uint8Array(bytes / (SEGMENT_BYTES_MIN << order)));
    this.#free[ORDERS - 1]?.fill(1);
    this.#freeBytes = bytes;
  }

  get bytes(): number {
    return this.buffer.byteLength;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** A block of `bytes`, one of the segment sizes, or `undefined` when none is left. */
  allocate(bytes: number): Block | undefined {
    const order = orderOf(bytes);
    const index = this.#take(order);
    if (index < 0) return undefined;
    this.#freeBytes -= bytes;
    return { at: index * bytes, bytes };
  }

  /** Gives a block back, once; it joins its free neighbours. */
  release(block: Block): void {
    let order = orderOf(block.bytes);
    let index = block.at / block.bytes;
    this.#freeBytes += block.bytes;
    while (order < ORDERS - 1 && this.#flags(order)[index ^ 1] === 1) {
      this.#flags(order)[index ^ 1] = 0;
      index >>= 1;
      order++;
    }
    this.#flags(order)[index] = 1;
  }

  /** The first `length` bytes of a block. */
  view(block: Block, length: number = block.bytes): Uint8Array {
    return this.#bytes.subarray(block.at, block.at + Math.min(length, block.bytes));
  }

  /** Index of a free block of `order`, no longer free; -1 when there is none. Cuts a larger one where it must. */
  #take(order: number): number {
    if (order >= ORDERS) return -1;
    const flags = this.#flags(order);
    const index = flags.indexOf(1);
    if (index >= 0) {
      flags[index] = 0;
      return index;
    }
    const parent = this.#take(order + 1);
    if (parent < 0) return -1;
    flags[parent * 2 + 1] = 1;
    return parent * 2;
  }

  #flags(order: number): Uint8Array {
    const flags = this.#free[order];
    if (flags === undefined) throw new Failure('INTERNAL', `the arena has no blocks of order ${order}`);
    return flags;
  }
}

function orderOf(bytes: number): number {
  const order = Math.log2(bytes / SEGMENT_BYTES_MIN);
  if (!Number.isInteger(order) || order < 0 || order >= ORDERS) throw new Failure('INTERNAL', `no segment has a size of ${bytes} bytes`);
  return order;
}
