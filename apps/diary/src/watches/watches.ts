import { Failure } from '@p2p/protocol';
import type { FileId, SampleRequest, WatchEvent, WatchRequest } from '@p2p/protocol';
import type { Logger } from '@p2p/service';
import { Observable, Subject, Subscription } from 'rxjs';
import type { CatalogueStore, HolderChange } from '../catalogue/catalogue-store.js';
import type { LeaseTable } from '../leases/lease-table.js';
import type { Lease } from '../leases/lease.js';
import { BUSY_RETRY_MS, WATCHES_MAX, WATCHES_PER_CONNECTION_MAX } from '../limits.js';
import { FileWatches } from './file-watches.js';
import { Watch } from './watch.js';

export interface WatchesOptions {
  readonly store: CatalogueStore;
  readonly leases: LeaseTable;
  readonly logger: Logger;
  readonly epoch: string;
}

/** An open watch and the stream that answers it. */
interface OpenWatch {
  readonly watch: Watch;
  readonly events: Subject<WatchEvent>;
}

/** All open `holders.watch`. A watch ends with `holders.unwatch` or with the lease of its connection. */
export class Watches {
  readonly #store: CatalogueStore;
  readonly #leases: LeaseTable;
  readonly #logger: Logger;
  readonly #epoch: string;
  readonly #byConnection = new Map<number, Map<number, OpenWatch>>();
  readonly #byFile = new Map<FileId, FileWatches>();
  /** Those with something to push at the end of this turn of the event loop. */
  readonly #unflushed = new Set<Watch>();
  readonly #subscriptions = new Subscription();
  #count = 0;

  constructor(options: WatchesOptions) {
    this.#store = options.store;
    this.#leases = options.leases;
    this.#logger = options.logger;
    this.#epoch = options.epoch;
  }

  get count(): number {
    return this.#count;
  }

  start(): void {
    this.#subscriptions.add(this.#store.changes.subscribe((change) => this.#changed(change)));
    this.#subscriptions.add(this.#leases.ended.subscribe(({ lease }) => this.#endAll(lease)));
  }

  stop(): void {
    this.#subscriptions.unsubscribe();
    for (const watches of this.#byConnection.values()) for (const { events } of watches.values()) events.complete();
  }

  /** Throws `BAD_REQUEST` when the watch's number is in use, `LIMIT_EXCEEDED` or `BUSY` when there are too many. */
  open(lease: Lease, request: WatchRequest): Observable<WatchEvent> {
    const own = this.#byConnection.get(lease.connection.id) ?? new Map<number, OpenWatch>();
    this.#checkRoom(own, request);
    this.#byConnection.set(lease.connection.id, own);
    const files = this.#byFile.get(request.file) ?? new FileWatches();
    this.#byFile.set(request.file, files);
    const events = new Subject<WatchEvent>();
    const watch = new Watch({
      file: request.file,
      asker: lease.joined.peer,
      limit: request.limit,
      epoch: this.#epoch,
      listener: files,
      push: (event) => events.next(event),
    });
    const open = { watch, events };
    own.set(request.watch, open);
    files.add(watch);
    this.#count++;
    return new Observable((subscriber) => {
      subscriber.add(events.subscribe(subscriber));
      this.#begin(lease, request.watch, open).catch((error: unknown) => {
        this.#end(lease, request.watch);
        events.error(error);
      });
    });
  }

  /** Throws `BAD_REQUEST` when no such watch is open. */
  close(lease: Lease, watchId: number): void {
    const { events } = this.#watchOf(lease, watchId);
    this.#end(lease, watchId);
    events.complete();
  }

  /** Adds other holders to a watch. Throws `BAD_REQUEST` when no such watch is open. */
  async addSample(lease: Lease, request: SampleRequest): Promise<void> {
    const open = this.#watchOf(lease, request.watch);
    const { watch } = open;
    const excluded = new Set(request.exclude).add(watch.asker);
    const sample = await this.#store.sample(watch.file, { limit: watch.limit, accepts: (peer) => !excluded.has(peer) });
    if (!this.#isOpen(lease, request.watch, open)) return;
    watch.add(sample);
    this.#flushSoon(watch);
  }

  async #begin(lease: Lease, watchId: number, open: OpenWatch): Promise<void> {
    const { watch } = open;
    const sample = await this.#store.sample(watch.file, { limit: watch.limit, accepts: (peer) => peer !== watch.asker });
    if (!this.#isOpen(lease, watchId, open)) return;
    watch.open(sample);
    this.#byFile.get(watch.file)?.opened(watch);
    this.#flushSoon(watch);
  }

  /** Whether a watch is still there after something was waited for. */
  #isOpen(lease: Lease, watchId: number, open: OpenWatch): boolean {
    return this.#byConnection.get(lease.connection.id)?.get(watchId) === open;
  }

  #checkRoom(own: ReadonlyMap<number, OpenWatch>, request: WatchRequest): void {
    if (own.has(request.watch)) {
      throw new Failure('BAD_REQUEST', `watch ${request.watch} is open on this connection; take another number`);
    }
    if (own.size >= WATCHES_PER_CONNECTION_MAX) {
      throw new Failure(
        'LIMIT_EXCEEDED',
        `this connection has ${own.size} watches and at most ${WATCHES_PER_CONNECTION_MAX}; end some first`,
      );
    }
    if (this.#count >= WATCHES_MAX) {
      throw new Failure('BUSY', `the diary has ${this.#count} watches and at most ${WATCHES_MAX}; ask again later`, {
        retryAfterMs: BUSY_RETRY_MS,
      });
    }
  }

  #watchOf(lease: Lease, watchId: number): OpenWatch {
    const open = this.#byConnection.get(lease.connection.id)?.get(watchId);
    if (open === undefined) throw new Failure('BAD_REQUEST', `no watch ${watchId} is open on this connection`);
    return open;
  }

  #changed(change: HolderChange): void {
    for (const watch of this.#byFile.get(change.file)?.offer(change) ?? []) this.#flushSoon(watch);
  }

  #flushSoon(watch: Watch): void {
    if (this.#unflushed.size === 0) setImmediate(() => this.#flushAll());
    this.#unflushed.add(watch);
  }

  #flushAll(): void {
    const watches = [...this.#unflushed];
    this.#unflushed.clear();
    for (const watch of watches) watch.flush();
  }

  #endAll(lease: Lease): void {
    const own = this.#byConnection.get(lease.connection.id);
    if (own === undefined) return;
    for (const [watchId, { events }] of own) {
      this.#end(lease, watchId);
      events.complete();
    }
    this.#logger.debug('watches_ended', { peer: lease.joined.peer });
  }

  #end(lease: Lease, watchId: number): void {
    const own = this.#byConnection.get(lease.connection.id);
    const open = own?.get(watchId);
    if (own === undefined || open === undefined) return;
    own.delete(watchId);
    if (own.size === 0) this.#byConnection.delete(lease.connection.id);
    const files = this.#byFile.get(open.watch.file);
    files?.remove(open.watch);
    if (files?.isEmpty === true) this.#byFile.delete(open.watch.file);
    this.#unflushed.delete(open.watch);
    this.#count--;
  }
}
