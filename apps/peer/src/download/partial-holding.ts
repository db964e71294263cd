import { Bitmap, type FileId, type Manifest } from '@p2p/protocol';
import { toFailure, type Logger } from '@p2p/service';
import type { Holding } from '../holdings/holding.js';
import type { Holdings } from '../holdings/holdings.js';
import { GAINS_BATCH_MS } from '../limits.js';
import type { Clock } from './clock.js';
import type { PartFile } from './part-file.js';

/**
 * What a download has so far, served to others: announced from the first verified segment on. It never says that it is
 * complete: its last segment is offered by the finished file, which takes its place in the store.
 */
export class PartialHolding implements Holding {
  readonly file: FileId;
  readonly names: readonly string[];
  /** Segments that watchers have been told of, or that were there when they began. */
  readonly verified: Bitmap;
  readonly #components: PartialHoldingComponents;
  readonly #part: PartFile;
  #gained: number[] = [];
  #cancelTelling: (() => void) | undefined;
  #isClosed = false;

  constructor(components: PartialHoldingComponents, options: { readonly file: FileId; readonly name: string; readonly part: PartFile }) {
    this.#components = components;
    this.file = options.file;
    this.names = [options.name];
    this.#part = options.part;
    this.verified = new Bitmap(options.part.verified.size, options.part.verified.bytes.slice());
    if (this.verified.isFull) this.verified.delete(this.verified.size - 1);
  }

  get manifest(): Manifest {
    return this.#part.manifest;
  }

  read(index: number, target: Uint8Array): Promise<number> {
    return this.#part.read(index, target);
  }

  /** Offers what was there from the start. */
  open(): void {
    if (this.verified.count > 0) this.#offer();
  }

  /** Offers a segment more; watchers hear of it together with others of the same moment. */
  gain(segment: number): void {
    if (this.#isClosed) return;
    this.#gained.push(segment);
    this.#cancelTelling ??= this.#components.clock.wait(GAINS_BATCH_MS, () => this.#tell());
  }

  /** Ends the offer, unless the store has something better of this content by now. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTelling?.();
    if (this.#isOffered()) this.#components.holdings.remove(this.file, 'withdrawn');
  }

  #tell(): void {
    this.#cancelTelling = undefined;
    const roomLeft = this.verified.size - this.verified.count - 1;
    const segments = this.#gained.splice(0, roomLeft);
    for (const segment of segments) this.verified.add(segment);
    if (segments.length === 0) return;
    if (this.#isOffered()) this.#components.holdings.gained(this.file, segments);
    else this.#offer();
  }

  #offer(): void {
    if (this.#components.holdings.get(this.file) !== undefined) return;
    try {
      this.#components.holdings.add(this);
    } catch (error) {
      // The download goes on without serving others.
      this.#components.logger.warn('download.not_offered', { reason: toFailure(error).message });
    }
  }

  /** The store may have wrapped it, so it is known by its set of segments. */
  #isOffered(): boolean {
    return this.#components.holdings.get(this.file)?.verified === this.verified;
  }
}

export interface PartialHoldingComponents {
  readonly holdings: Holdings;
  readonly clock: Clock;
  readonly logger: Logger;
}
