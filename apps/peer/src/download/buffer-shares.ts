import { SEGMENT_BYTES_MAX } from '@p2p/protocol';
import { shareBuffers } from '@p2p/transfer';

/** One download's part of the arena. */
export interface BufferShare {
  /** Segments it may have in buffers at once. At least 1. */
  readonly segmentsMax: number;
  /** The rest is divided anew. Once. */
  leave(): void;
}

interface Member {
  readonly segmentBytes: number;
  /** No use for more than the whole file. */
  readonly segmentsWanted: number;
  readonly onChange: (segmentsMax: number) => void;
  segmentsMax: number;
}

/** Divides the arena among the downloads that are under way: evenly, and what one has no use for goes to the others. */
export class BufferShares {
  readonly #arenaBytes: number;
  readonly #members = new Set<Member>();

  constructor(arena: { readonly bytes: number }) {
    this.#arenaBytes = arena.bytes;
  }

  /** `onChange` is told when other downloads come or go, not of the first value. */
  join(options: { readonly segmentBytes: number; readonly segmentCount: number; readonly onChange: (segmentsMax: number) => void }): BufferShare {
    const { segmentBytes, segmentCount, onChange } = options;
    const member: Member = { segmentBytes, segmentsWanted: segmentCount, onChange, segmentsMax: 0 };
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
    const shares = shareBuffers(this.#arenaBytes, members);
    for (const [index, member] of members.entries()) {
      const segmentsMax = shares[index] ?? 1;
      if (segmentsMax === member.segmentsMax) continue;
      member.segmentsMax = segmentsMax;
      if (member !== newcomer) member.onChange(segmentsMax);
    }
  }
}

/** Bytes of an arena in which every one of `downloadsMax` has at least one segment of the largest size. */
export function arenaBytesFor(downloadsMax: number, arenaBytesMin: number): number {
  return Math.max(arenaBytesMin, downloadsMax * SEGMENT_BYTES_MAX);
}
