import { Failure, GAINS_PER_MESSAGE_MAX, type AvailabilityEvent } from '@p2p/protocol';
import { Observable, Subject } from 'rxjs';
import type { Holding } from '../holdings/holding.js';
import type { HoldingChange } from '../holdings/holdings.js';
import { GAINS_PENDING_MAX, GAINS_TOLD_INTERVAL_MS } from '../limits.js';

/** What the watchers of one holding are told: what it has when they come, and then what it gains, in batches. */
export class AvailabilityFeed {
  readonly #onUnwatched: () => void;
  readonly #events = new Subject<AvailabilityEvent>();
  #holding: Holding;
  #isComplete: boolean;
  #pending: number[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `onUnwatched` is called when the last watcher has gone. */
  constructor(holding: Holding, onUnwatched: () => void) {
    this.#holding = holding;
    this.#isComplete = holding.verified.isFull;
    this.#onUnwatched = onUnwatched;
  }

  watch(options: { readonly isDraining: boolean }): Observable<AvailabilityEvent> {
    return new Observable<AvailabilityEvent>((watcher) => {
      watcher.next(snapshotOf(this.#holding));
      if (options.isDraining) watcher.next({ kind: 'draining' });
      // Segments that the snapshot has may be told once more with the next batch, which does no harm.
      const subscription = this.#events.subscribe(watcher);
      return () => {
        subscription.unsubscribe();
        if (!this.#events.observed) this.#end();
      };
    });
  }

  /** A change of this feed's holding. */
  apply(change: HoldingChange): void {
    if (change.kind === 'removed') return this.#fail(change.reason);
    this.#holding = change.holding;
    if (this.#isComplete) return;
    if (change.kind === 'gained') this.#gain(change.segments);
    if (!this.#holding.verified.isFull) return;
    this.#isComplete = true;
    this.#tellGains();
    this.#events.next({ kind: 'complete' });
  }

  tellDraining(): void {
    this.#tellGains();
    this.#events.next({ kind: 'draining' });
  }

  #gain(segments: readonly number[]): void {
    for (const segment of segments) this.#pending.push(segment);
    if (this.#pending.length >= GAINS_PENDING_MAX) this.#tellGains();
    else this.#timer ??= setTimeout(() => this.#tellGains(), GAINS_TOLD_INTERVAL_MS);
  }

  #tellGains(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const gained = this.#pending;
    this.#pending = [];
    for (let from = 0; from < gained.length; from += GAINS_PER_MESSAGE_MAX) {
      this.#events.next({ kind: 'gained', segments: gained.slice(from, from + GAINS_PER_MESSAGE_MAX) });
    }
  }

  #fail(reason: 'withdrawn' | 'changed'): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#events.error(
      reason === 'changed'
        ? new Failure('FILE_CHANGED', 'the shared file changed or vanished on disk; look for its new version under its name')
        : new Failure('NOT_HELD', 'the file is not held here any more'),
    );
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending = [];
    this.#onUnwatched();
  }
}

function snapshotOf({ verified }: Holding): AvailabilityEvent {
  return verified.isFull ? { kind: 'complete' } : { kind: 'bitmap', bitmap: verified.toBase64() };
}
