import { Failure, type AvailabilityEvent, type FileId, type HelloAnswer, type SegmentAnswer } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import { Observable, ReplaySubject, Subject, type Subscription } from 'rxjs';
import type { HolderAddress } from '../../../apps/peer/src/directory/directory.js';
import { LINK_CANCEL_SILENCE_MS, LINK_DISPUTE_TIMEOUT_MS, LINK_MANIFEST_TIMEOUT_MS } from '../../../apps/peer/src/limits.js';
import type { PeerLink, SegmentFetch, SegmentFetchSink } from '../../../apps/peer/src/links/peer-link.js';
import { segmentAnswerProblem } from '../../../apps/peer/src/links/segment-answer.js';
import type { Clock } from './clock.js';
import type { MemoryHolder } from './memory-holder.js';

/** A body leaves in portions of at most this many bytes, and at most this long apart, so that a cancel finds it under way. */
const PORTION_BYTES_MAX = 256 * 1024;
const PORTION_MS_MAX = 20;

/** A body that waits for its turn, or leaves. */
interface Sending {
  readonly body: Uint8Array;
  /** Undefined once the other end has given up. */
  target: Uint8Array | undefined;
  sentBytes: number;
  isAborted: boolean;
  onBytes(bytes: number): void;
  onDone(): void;
  onAborted(): void;
}

interface Fetching {
  readonly sink: SegmentFetchSink;
  sending: Sending | undefined;
  hasBegun: boolean;
  isCancelled: boolean;
  isRefused: boolean;
}

/** A connection to a holder in memory, with its latency, rate and faults, going by a clock. */
export class MemoryLink implements PeerLink {
  readonly holder: HolderAddress;
  readonly hello: HelloAnswer;
  readonly closed = new ReplaySubject<Failure>(1);
  readonly bytes = new Subject<number>();
  readonly #far: MemoryHolder;
  readonly #clock: Clock;
  readonly #killed: Subscription;
  readonly #fetching = new Map<number, Fetching>();
  readonly #queue: Sending[] = [];
  #isSending = false;
  #isClosed = false;
  #lastRequest = 0;
  #lastByteAtMs = 0;

  constructor(far: MemoryHolder, clock: Clock) {
    this.#far = far;
    this.#clock = clock;
    this.holder = far.address;
    this.hello = far.hello;
    this.#killed = far.killed.subscribe(() => this.#shut('the holder died'));
  }

  nextRequest(): number {
    return ++this.#lastRequest;
  }

  fetchManifest(file: FileId, manifestBytesMax: number): Promise<Uint8Array> {
    return this.#ask(LINK_MANIFEST_TIMEOUT_MS, 'manifest', (resolve, reject) => {
      const body = this.#far.manifest(file);
      const target = new Uint8Array(body.length);
      this.#send({
        body,
        target,
        onBytes: () => {},
        onDone: () => {
          if (body.length <= manifestBytesMax) resolve(target);
          else reject(new Failure('CORRUPT', `a manifest of ${body.length} bytes where at most ${manifestBytesMax} were asked for`));
        },
        onAborted: () => {},
      });
    });
  }

  watchAvailability(file: FileId): Observable<AvailabilityEvent> {
    return new Observable((subscriber) => {
      let unwatch: (() => void) | undefined;
      let isOver = false;
      const lost = this.closed.subscribe((failure) => {
        isOver = true;
        subscriber.error(new Failure('CONNECTION_LOST', failure.message));
        unwatch?.();
      });
      this.#toFar(() => {
        if (isOver) return;
        const subscription = this.#far.availability(file).subscribe({
          next: (event) => this.#toNear(() => subscriber.next(event)),
          error: (error: unknown) => this.#toNear(() => subscriber.error(toFailure(error))),
        });
        unwatch = () => subscription.unsubscribe();
      });
      return () => {
        isOver = true;
        lost.unsubscribe();
        this.#toFar(() => unwatch?.());
      };
    });
  }

  fetchSegment(fetch: SegmentFetch, sink: SegmentFetchSink): void {
    const { request, file, segment, codecs, receiverBound } = fetch;
    const fetching: Fetching = { sink, sending: undefined, hasBegun: false, isCancelled: false, isRefused: false };
    this.#fetching.set(request, fetching);
    if (this.#isClosed) {
      queueMicrotask(() => this.#fail(request, connectionLost('it was closed before')));
      return;
    }
    this.#toFar(() => {
      if (fetching.isRefused) {
        this.#toNear(() => this.#fail(request, new Failure('CANCELLED', 'it was cancelled before it was answered')));
        return;
      }
      try {
        const asked = { request, file, segment, codecs: [...codecs], receiverBound };
        const { answer, body } = this.#far.segment(asked);
        this.#sendSegment(fetch, fetching, answer, body);
      } catch (error) {
        fetching.isRefused = true;
        this.#toNear(() => this.#fail(request, toFailure(error)));
      }
    });
  }

  cancel(request: number): void {
    const fetching = this.#fetching.get(request);
    if (fetching === undefined || fetching.isCancelled) return;
    fetching.isCancelled = true;
    this.#toFar(() => {
      this.#far.noteCancel(request);
      const { sending } = fetching;
      if (sending === undefined) fetching.isRefused = true;
      else sending.isAborted = true;
      if (sending === undefined || sending.sentBytes > 0 || this.#queue[0] === sending) return;
      this.#queue.splice(this.#queue.indexOf(sending), 1);
      this.#toNear(() => sending.onAborted());
    });
    this.#abandonWhenSilent(request, fetching, this.#clock.now());
  }

  dispute(file: FileId, segment: number): Promise<boolean> {
    return this.#ask(LINK_DISPUTE_TIMEOUT_MS, 'dispute', (resolve) => {
      const isIntact = this.#far.dispute(file, segment);
      this.#toNear(() => resolve(isIntact));
    });
  }

  close(): void {
    this.#shut('it was closed by this side');
  }

  #sendSegment(fetch: SegmentFetch, fetching: Fetching, answer: SegmentAnswer, body: Uint8Array): void {
    const problem = segmentAnswerProblem(answer, fetch);
    const { request } = fetch;
    fetching.sending = this.#send({
      body,
      // What was given up before the holder answered is received and thrown away.
      target: problem === undefined && this.#fetching.get(request) === fetching ? fetch.target : undefined,
      onBytes: (bytes) => {
        fetching.hasBegun = true;
        if (problem === undefined && this.#fetching.get(request) === fetching) fetching.sink.onBytes(bytes);
      },
      onDone: () => {
        if (problem !== undefined) this.#fail(request, problem);
        else if (this.#fetching.delete(request)) fetching.sink.onReceived(answer);
      },
      onAborted: () => this.#fail(request, new Failure('CANCELLED', 'the holder gave the body up')),
    });
  }

  #send(body: Pick<Sending, 'body' | 'target' | 'onBytes' | 'onDone' | 'onAborted'>): Sending {
    const sending: Sending = { ...body, sentBytes: 0, isAborted: false };
    this.#queue.push(sending);
    if (!this.#isSending) this.#sendNext();
    return sending;
  }

  /** Sends the next portion of the first body in the queue, and goes on when it has left. */
  #sendNext(): void {
    const sending = this.#queue[0];
    this.#isSending = sending !== undefined;
    if (sending === undefined || this.#isClosed) return;
    if (sending.isAborted) {
      this.#queue.shift();
      this.#toNear(() => sending.onAborted());
      this.#sendNext();
      return;
    }
    const { rateBytesPerSecond } = this.#far.knobs;
    const perPortion = Math.max(1, Math.floor((rateBytesPerSecond * PORTION_MS_MAX) / 1000));
    const bytes = Math.min(sending.body.length - sending.sentBytes, PORTION_BYTES_MAX, perPortion);
    this.#clock.wait((bytes / rateBytesPerSecond) * 1000, () => {
      if (this.#isClosed) return;
      const from = sending.sentBytes;
      sending.sentBytes += bytes;
      const isLast = sending.sentBytes === sending.body.length;
      if (isLast) this.#queue.shift();
      this.#toNear(() => this.#receive(sending, from, bytes, isLast));
      this.#sendNext();
    });
  }

  #receive(sending: Sending, from: number, bytes: number, isLast: boolean): void {
    this.#lastByteAtMs = this.#clock.now();
    sending.target?.set(sending.body.subarray(from, from + bytes), from);
    sending.onBytes(bytes);
    this.bytes.next(bytes);
    if (isLast) sending.onDone();
  }

  #ask<T>(timeoutMs: number, what: string, act: (resolve: (value: T) => void, reject: (failure: Failure) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const startedAtMs = this.#clock.now();
      const watch = (delayMs: number): (() => void) =>
        this.#clock.wait(delayMs, () => {
          const leftMs = Math.max(startedAtMs, this.#lastByteAtMs) + timeoutMs - this.#clock.now();
          if (leftMs > 0) takeBack = watch(leftMs);
          else fail(new Failure('TIMED_OUT', `no answer to "${what}" came within ${timeoutMs} ms`));
        });
      let takeBack = watch(timeoutMs);
      const lost = this.closed.subscribe((failure) => queueMicrotask(() => fail(connectionLost(failure.message))));
      const end = (): void => {
        takeBack();
        lost.unsubscribe();
      };
      const fail = (failure: Failure): void => {
        end();
        reject(failure);
      };
      this.#toFar(() => {
        try {
          act((value) => {
            end();
            resolve(value);
          }, fail);
        } catch (error) {
          this.#toNear(() => fail(toFailure(error)));
        }
      });
    });
  }

  #abandonWhenSilent(request: number, fetching: Fetching, cancelledAtMs: number): void {
    const leftMs = Math.max(cancelledAtMs, this.#lastByteAtMs) + LINK_CANCEL_SILENCE_MS - this.#clock.now();
    this.#clock.wait(Math.max(0, leftMs), () => {
      if (this.#fetching.get(request) !== fetching) return;
      if (this.#clock.now() < this.#lastByteAtMs + LINK_CANCEL_SILENCE_MS) this.#abandonWhenSilent(request, fetching, cancelledAtMs);
      else if (fetching.hasBegun) this.#shut('the holder did not heed a cancel');
      else this.#fail(request, new Failure('CANCELLED', 'it was given up'));
    });
  }

  #fail(request: number, failure: Failure): void {
    const fetching = this.#fetching.get(request);
    if (fetching === undefined) return;
    this.#fetching.delete(request);
    // Late bytes must not land in a buffer that is somebody else's by then.
    if (fetching.sending !== undefined) fetching.sending.target = undefined;
    fetching.sink.onFailed(failure);
  }

  #shut(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#killed.unsubscribe();
    this.#queue.length = 0;
    const failure = connectionLost(reason);
    for (const request of [...this.#fetching.keys()]) this.#fail(request, failure);
    this.closed.next(failure);
    this.closed.complete();
    this.bytes.complete();
  }

  /** What this side says arrives after the latency. */
  #toFar(action: () => void): void {
    this.#clock.wait(this.#far.knobs.latencyMs, () => this.#far.whenHeard(action));
  }

  /** What the holder says arrives after the latency, in order. */
  #toNear(action: () => void): void {
    this.#clock.wait(this.#far.knobs.latencyMs, () => {
      this.#far.whenHeard(() => {
        if (!this.#isClosed) action();
      });
    });
  }
}

function connectionLost(reason: string): Failure {
  return new Failure('CONNECTION_LOST', `the connection is gone: ${reason}`);
}
