import { Failure, segmentHashOf, type DisputeRequest } from '@p2p/protocol';
import type { Logger } from '@p2p/service';
import type { Holdings } from '../holdings/holdings.js';
import { DISPUTES_MAX, UPLOAD_RETRY_AFTER_MS } from '../limits.js';

/** Hashes bytes off the event loop; they are gone for the caller. */
export interface BytesHasher {
  hashBytes(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
}

export interface DisputesComponents {
  readonly holdings: Holdings;
  readonly hasher: BytesHasher;
  readonly logger: Logger;
}

/**
 * Looks into complaints about segments, one after the other: reads and hashes the segment again, and withdraws the file
 * when it is not what it was.
 */
export class Disputes {
  readonly #components: DisputesComponents;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(components: DisputesComponents) {
    this.#components = components;
  }

  /** Whether the segment is intact here. Throws `NOT_HELD`, `BUSY`, `DISK_FAILED`. */
  async isIntact(request: DisputeRequest): Promise<boolean> {
    if (this.#waiting >= DISPUTES_MAX) {
      throw new Failure('BUSY', `${this.#waiting} disputes wait; at most ${DISPUTES_MAX} may`, { retryAfterMs: UPLOAD_RETRY_AFTER_MS });
    }
    this.#waiting++;
    const turn = this.#last.then(() => this.#lookInto(request));
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }

  async #lookInto({ file, segment }: DisputeRequest): Promise<boolean> {
    const { holdings, hasher, logger } = this.#components;
    const holding = holdings.get(file);
    if (holding === undefined || segment >= holding.manifest.segmentCount || !holding.verified.has(segment)) {
      throw new Failure('NOT_HELD', `segment ${segment} is not held here`);
    }
    try {
      const bytes = new Uint8Array(holding.manifest.segmentBytes);
      const length = await holding.read(segment, bytes);
      const hash = await hasher.hashBytes(bytes.slice(0, length));
      if (Buffer.compare(hash, segmentHashOf(holding.manifest, segment)) === 0) return true;
    } catch (cause) {
      if (!(cause instanceof Failure) || cause.code !== 'FILE_CHANGED') throw cause;
    }
    logger.warn('disputed_segment_not_intact', { file, segment });
    if (holdings.get(file) === holding) holdings.remove(file, 'changed');
    return false;
  }
}
