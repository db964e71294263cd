import { Failure, type AvailabilityEvent, type AvailabilityRequest, type FileId } from '@p2p/protocol';
import type { FrameConnection } from '@p2p/service';
import { defer, finalize, merge, ReplaySubject, take, takeUntil, type Observable, type Subscription } from 'rxjs';
import type { Holdings } from '../holdings/holdings.js';
import { UPLOAD_RETRY_AFTER_MS, WATCHES_PER_CONNECTION_MAX } from '../limits.js';
import { AvailabilityFeed } from './availability-feed.js';
import type { ServeState } from './serve-state.js';

export interface AvailabilityFeedsComponents {
  readonly holdings: Holdings;
  readonly state: ServeState;
}

/** Who watches what this peer holds: the watches of all connections, and one feed a holding that somebody watches. */
export class AvailabilityFeeds {
  readonly #components: AvailabilityFeedsComponents;
  readonly #feeds = new Map<FileId, AvailabilityFeed>();
  /** By connection and then by the number that the watcher gave. */
  readonly #watches = new Map<number, Map<number, ReplaySubject<void>>>();
  readonly #subscriptions: Subscription[];

  constructor(components: AvailabilityFeedsComponents) {
    this.#components = components;
    this.#subscriptions = [
      components.holdings.changes.subscribe((change) => {
        const feed = this.#feeds.get(change.holding.file);
        if (change.kind === 'removed') this.#feeds.delete(change.holding.file);
        feed?.apply(change);
      }),
      components.state.drained.subscribe(() => {
        for (const feed of this.#feeds.values()) feed.tellDraining();
      }),
    ];
  }

  /** Holdings that are watched. */
  get size(): number {
    return this.#feeds.size;
  }

  /**
   * What the holding has and gains, until it is unwatched or the connection goes. Throws `NOT_HELD`, `BAD_REQUEST` (the
   * watch's number is in use), `BUSY`. Errors with `FILE_CHANGED` or `NOT_HELD` when the holding ends.
   */
  watch(connection: FrameConnection, { watch, file }: AvailabilityRequest): Observable<AvailabilityEvent> {
    const holding = this.#components.holdings.get(file);
    if (holding === undefined) throw new Failure('NOT_HELD', 'the file is not held here');
    const watches = this.#watchesOf(connection);
    if (watches.has(watch)) throw new Failure('BAD_REQUEST', `watch ${watch} is in use; use a number once`);
    if (watches.size >= WATCHES_PER_CONNECTION_MAX) {
      throw new Failure('BUSY', `this connection watches ${watches.size} files; at most ${WATCHES_PER_CONNECTION_MAX} may be watched`, {
        retryAfterMs: UPLOAD_RETRY_AFTER_MS,
      });
    }
    // Replays: the watch can be ended before whoever answers the request has subscribed.
    const unwatched = new ReplaySubject<void>(1);
    watches.set(watch, unwatched);
    return defer(() => this.#feedOf(file).watch({ isDraining: this.#components.state.isDraining })).pipe(
      takeUntil(merge(unwatched, connection.closed)),
      finalize(() => watches.delete(watch)),
    );
  }

  unwatch(connection: FrameConnection, watch: number): void {
    const watches = this.#watches.get(connection.id);
    watches?.get(watch)?.next();
    watches?.delete(watch);
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    for (const watches of [...this.#watches.values()]) for (const unwatched of [...watches.values()]) unwatched.next();
  }

  #watchesOf(connection: FrameConnection): Map<number, ReplaySubject<void>> {
    const known = this.#watches.get(connection.id);
    if (known !== undefined) return known;
    const watches = new Map<number, ReplaySubject<void>>();
    this.#watches.set(connection.id, watches);
    connection.closed.pipe(take(1)).subscribe(() => this.#watches.delete(connection.id));
    return watches;
  }

  #feedOf(file: FileId): AvailabilityFeed {
    const known = this.#feeds.get(file);
    if (known !== undefined) return known;
    const holding = this.#components.holdings.get(file);
    if (holding === undefined) throw new Failure('NOT_HELD', 'the file is not held here any more');
    const feed: AvailabilityFeed = new AvailabilityFeed(holding, () => {
      if (this.#feeds.get(file) === feed) this.#feeds.delete(file);
    });
    this.#feeds.set(file, feed);
    return feed;
  }
}
