import {
  Bitmap,
  Failure,
  PROTOCOL_VERSION,
  type AvailabilityEvent,
  type FileId,
  type HelloAnswer,
  type SegmentAnswer,
  type SegmentRequest,
} from '@p2p/protocol';
import { Observable, Subject } from 'rxjs';
import type { HolderAddress } from '../../../apps/peer/src/directory/directory.js';

/** A content that a holder in memory has. */
export interface MemoryContent {
  readonly file: FileId;
  readonly manifest: Uint8Array;
  readonly segmentCount: number;
  /** The bytes of a segment, made when asked for. */
  segment(index: number): Uint8Array;
}

/** What a lying holder does to a segment. */
export type Lie =
  /** The right shape with a wrong byte. */
  | 'wrong_bytes'
  /** Another length than the segment's. */
  | 'wrong_length'
  /** The answer to another request. */
  | 'wrong_request';

/** How a holder behaves; may be changed at any time, and holds from the next request or chunk on. */
export interface MemoryKnobs {
  /** Of every link, each way. */
  latencyMs: number;
  /** Of every link. Infinity: at once. */
  rateBytesPerSecond: number;
  /** Answers segments with `BUSY` and this `retryAfterMs`. */
  busyRetryAfterMs: number | undefined;
  lie: Lie | undefined;
  isDraining: boolean;
  version: number;
  /** What it says in hello: an artificial delay explains a slow rate. */
  packetDelayMs: number;
  packetBytes: number;
}

export type MemoryAnswer = { readonly answer: SegmentAnswer; readonly body: Uint8Array };

interface Held {
  readonly content: MemoryContent;
  readonly have: Bitmap;
  readonly events: Subject<AvailabilityEvent>;
  watchers: number;
}

/** A holder in memory: what the far end of a `MemoryLink` does. */
export class MemoryHolder {
  readonly address: HolderAddress;
  readonly knobs: MemoryKnobs;
  /** Emits when a watch began or ended, or a cancel came. */
  readonly changes = new Subject<void>();
  /** Emits once, when it dies. */
  readonly killed = new Subject<void>();
  readonly cancelled: number[] = [];
  readonly #held = new Map<FileId, Held>();
  /** What would have been heard or said while it was silent, in order. */
  readonly #unheard: (() => void)[] = [];
  #isSilent = false;
  #isAlive = true;

  constructor(address: HolderAddress, knobs: Partial<MemoryKnobs> = {}) {
    this.address = address;
    this.knobs = {
      latencyMs: 0,
      rateBytesPerSecond: Infinity,
      busyRetryAfterMs: undefined,
      lie: undefined,
      isDraining: false,
      version: PROTOCOL_VERSION,
      packetDelayMs: 0,
      packetBytes: 1024,
      ...knobs,
    };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Stops (as by SIGSTOP, or with the network cut): nothing is heard or said, and connections stay open. */
  silence(): void {
    this.#isSilent = true;
  }

  /** Goes on where it stopped. */
  wake(): void {
    this.#isSilent = false;
    for (const action of this.#unheard.splice(0)) action();
  }

  /** Does what a message on its way does when it arrives: now, or when the silence ends. */
  whenHeard(action: () => void): void {
    if (this.#isSilent) this.#unheard.push(action);
    else action();
  }

  get hello(): HelloAnswer {
    const { version, packetDelayMs, packetBytes } = this.knobs;
    return { version, peer: this.address.peer, packetDelayMs, packetBytes };
  }

  share(content: MemoryContent, have: 'complete' | readonly number[]): void {
    const bitmap = have === 'complete' ? Bitmap.full(content.segmentCount) : new Bitmap(content.segmentCount);
    if (have !== 'complete') for (const index of have) bitmap.add(index);
    this.#held.set(content.file, { content, have: bitmap, events: new Subject(), watchers: 0 });
  }

  gain(file: FileId, segments: readonly number[]): void {
    const held = this.#held.get(file);
    if (held === undefined) return;
    for (const index of segments) held.have.add(index);
    held.events.next(held.have.isFull ? { kind: 'complete' } : { kind: 'gained', segments: [...segments] });
  }

  drain(): void {
    this.knobs.isDraining = true;
    for (const held of this.#held.values()) held.events.next({ kind: 'draining' });
  }

  withdraw(file: FileId, failure: Failure): void {
    const held = this.#held.get(file);
    this.#held.delete(file);
    held?.events.error(failure);
  }

  /** Dies: every connection is gone, nobody can connect. */
  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#unheard.length = 0;
    this.killed.next();
    this.killed.complete();
  }

  watchersOf(file: FileId): number {
    return this.#held.get(file)?.watchers ?? 0;
  }

  manifest(file: FileId): Uint8Array {
    return this.#heldOf(file).content.manifest;
  }

  availability(file: FileId): Observable<AvailabilityEvent> {
    return new Observable((subscriber) => {
      const held = this.#held.get(file);
      if (held === undefined) {
        subscriber.error(notHeld(file));
        return undefined;
      }
      held.watchers++;
      this.changes.next();
      subscriber.next(held.have.isFull ? { kind: 'complete' } : { kind: 'bitmap', bitmap: held.have.toBase64() });
      const subscription = held.events.subscribe(subscriber);
      return () => {
        subscription.unsubscribe();
        held.watchers--;
        this.changes.next();
      };
    });
  }

  segment(request: SegmentRequest): MemoryAnswer {
    const { busyRetryAfterMs, lie, isDraining } = this.knobs;
    if (isDraining) throw new Failure('DRAINING', 'this peer is leaving');
    if (busyRetryAfterMs !== undefined) throw new Failure('BUSY', 'too many segments are on their way', { retryAfterMs: busyRetryAfterMs });
    const { content, have } = this.#heldOf(request.file);
    if (!have.has(request.segment)) throw notHeld(request.file);
    let body = content.segment(request.segment);
    if (lie === 'wrong_bytes') {
      body = body.slice();
      body[0] = (body[0] ?? 0) ^ 0xff;
    } else if (lie === 'wrong_length') body = body.slice(0, Math.max(1, body.length - 1));
    const answered = lie === 'wrong_request' ? request.request + 1 : request.request;
    const answer: SegmentAnswer = {
      request: answered,
      segment: request.segment,
      codec: 'identity',
      rawBytes: body.length,
      bodyBytes: body.length,
    };
    return { answer, body };
  }

  noteCancel(request: number): void {
    this.cancelled.push(request);
    this.changes.next();
  }

  /** An honest holder's segments are intact; a liar says so too. */
  dispute(file: FileId, segment: number): boolean {
    return this.#heldOf(file).have.has(segment);
  }

  #heldOf(file: FileId): Held {
    const held = this.#held.get(file);
    if (held === undefined) throw notHeld(file);
    return held;
  }
}

function notHeld(file: FileId): Failure {
  return new Failure('NOT_HELD', `this peer does not have the file ${file}, or not that segment`);
}
