import { ATTEMPTS_PER_SEGMENT_MAX, shareBuffers } from '@p2p/transfer';
import { SEGMENT_BUFFER_BYTES_MAX } from '../limits.js';

/** One download's part of the arena. */
export interface BufferShare {
  /** Segments it may have in buffers at once. At least 1. */
  readonly segmentsMax: number;
  /** The rest is divided anew. Once. */
  leave(): void;
}

interface Member {
  readonly segmentBytes: number;
  /** No use for more than the whole file, each of its segments asked of two sources: the end of a small file is hedged too. */
  readonly segmentsWanted: number;
  readonly onChange: (segmentsMax: number) => void;
  segmentsMax: number;
}

/** Divides the budget of segment buffers among the downloads that are under way: evenly, and what one has no use for goes to the others. */
export class BufferShares {
  readonly #bytesMax: number;
  readonly #members = new Set<Member>();

  constructor(arena: { readonly bytes: number }) {
    this.#bytesMax = Math.min(arena.bytes, SEGMENT_BUFFER_BYTES_MAX);
  }

  /** `onChange` is told when other downloads come or go, not of the first value. */
  join(options: {
    readonly segmentBytes: number;
    readonly segmentCount: number;
    readonly onChange: (segmentsMax: number) => void;
  }): BufferShare {
    const { segmentBytes, segmentCount, onChange } = options;
    const member: Member = { segmentBytes, segmentsWanted: segmentCount * ATTEMPTS_PER_SEGMENT_MAX, onChange, segmentsMax: 0 };
    this.#members.add(member);
    this.#divide(member);
    return {
      get segmentsMax() {
        return member.segmentsMax;
      },
      leave: () => {
        if (this.#members.delete(member)) this.#divide();
      },
    };
  }

  #divide(newcomer?: Member): void {
    const members = [...this.#members];
    const shares = shareBuffers(this.#bytesMax, members);
    for (const [index, member] of members.entries()) {
      const segmentsMax = shares[index] ?? 1;
      if (segmentsMax === member.segmentsMax) continue;
      member.segmentsMax = segmentsMax;
      if (member !== newcomer) member.onChange(segmentsMax);
    }
  }
}
