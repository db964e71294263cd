import { Bitmap, Failure, type AvailabilityEvent, type FileId } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import type { TransferEvent } from '@p2p/transfer';
import { Subscription } from 'rxjs';
import type { PeerLink } from '../links/peer-link.js';

export interface SourceConnectionOptions {
  readonly link: PeerLink;
  readonly file: FileId;
  readonly onEvent: (event: TransferEvent) => void;
  /** It is no source any more; `close` follows. Called once at most. */
  readonly onEnded: (end: { readonly reason: string; readonly isMalformed: boolean }) => void;
  readonly onDraining: () => void;
}

/** A download's use of a link to a holder: hears what the holder has and how alive the link is. */
export class SourceConnection {
  readonly link: PeerLink;
  /** Whether a segment came from it. */
  hasDelivered = false;
  /** The share of its time that it said last it could not serve faster for; 0 to 1. */
  busy = 0;
  readonly #options: SourceConnectionOptions;
  readonly #subscriptions = new Subscription();
  #have: 'complete' | Bitmap | undefined;
  #segmentCount = 0;
  #linkBytes = 0;
  #ownBytes = 0;
  #reportedForeignBytes = 0;
  #hasEnded = false;

  constructor(options: SourceConnectionOptions) {
    this.link = options.link;
    this.#options = options;
  }

  /** What the holder has; `undefined` until it has told, and the planner knows it. */
  get have(): 'complete' | Bitmap | undefined {
    return this.#have;
  }

  /** At which it sends, by the delay that it announced; 0 for no delay. */
  get paceBytesPerSecond(): number {
    const { packetDelayMs, packetBytes } = this.link.hello;
    return packetDelayMs > 0 ? (packetBytes / packetDelayMs) * 1000 : 0;
  }

  /** Begins to listen. The link may turn out to be closed already. */
  open(): void {
    this.#subscriptions.add(this.link.bytes.subscribe((bytes) => (this.#linkBytes += bytes)));
    this.#subscriptions.add(this.link.closed.subscribe((failure) => this.#end(failure.message)));
  }

  /** From now on `onEvent` tells what the holder has. */
  watchAvailability(segmentCount: number): void {
    if (this.#hasEnded) return;
    this.#segmentCount = segmentCount;
    this.#subscriptions.add(
      this.link.watchAvailability(this.#options.file).subscribe({
        next: (event) => this.#onAvailability(event),
        error: (error: unknown) => this.#end(toFailure(error).message),
        complete: () => this.#end('it no longer tells what it has'),
      }),
    );
  }

  noteOwnBytes(bytes: number): void {
    this.#ownBytes += bytes;
  }

  /** Bytes that the link carried for other downloads since this was last asked. */
  takeForeignBytes(): number {
    const foreignBytes = this.#linkBytes - this.#ownBytes;
    const newBytes = Math.max(0, foreignBytes - this.#reportedForeignBytes);
    this.#reportedForeignBytes += newBytes;
    return newBytes;
  }

  close(): void {
    this.#hasEnded = true;
    this.#subscriptions.unsubscribe();
  }

  #onAvailability(event: AvailabilityEvent): void {
    if (this.#hasEnded) return;
    try {
      this.#take(event);
    } catch (error) {
      this.#end(toFailure(error).message, true);
    }
  }

  /** Throws `BAD_REQUEST` for what does not fit the file. */
  #take(event: AvailabilityEvent): void {
    const source = this.link.holder.peer;
    if (event.kind === 'draining') {
      this.#options.onDraining();
    } else if (event.kind === 'gained') {
      this.#gain(event.segments);
    } else if (event.kind === 'complete') {
      const isFirst = this.#have === undefined;
      this.#have = 'complete';
      if (isFirst) this.#join('complete');
      else this.#options.onEvent({ kind: 'source_completed', source });
    } else {
      const bitmap = Bitmap.fromBase64(this.#segmentCount, event.bitmap);
      if (this.#have !== undefined) return this.#gain(indexesOf(bitmap));
      // The planner keeps its own.
      this.#have = new Bitmap(bitmap.size, bitmap.bytes.slice());
      this.#join(bitmap);
    }
  }

  #join(have: 'complete' | Bitmap): void {
    const { paceBytesPerSecond } = this;
    this.#options.onEvent({ kind: 'source_joined', source: this.link.holder.peer, have, paceBytesPerSecond });
  }

  #gain(segments: readonly number[]): void {
    const have = this.#have;
    if (have === undefined) throw new Failure('BAD_REQUEST', 'gains came before the first word of what it has');
    if (have === 'complete') return;
    const beyond = segments.find((segment) => segment >= have.size);
    if (beyond !== undefined) throw new Failure('BAD_REQUEST', `it says it has segment ${beyond} of ${have.size}`);
    const gained = segments.filter((segment) => have.add(segment));
    if (gained.length > 0) this.#options.onEvent({ kind: 'source_gained', source: this.link.holder.peer, segments: gained });
  }

  #end(reason: string, isMalformed = false): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.onEnded({ reason, isMalformed });
  }
}

function indexesOf(bitmap: Bitmap): number[] {
  const indexes: number[] = [];
  for (let index = 0; index < bitmap.size; index++) if (bitmap.has(index)) indexes.push(index);
  return indexes;
}
