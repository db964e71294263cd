import { Failure } from '@p2p/protocol';
import type { JoinRequest, PeerId } from '@p2p/protocol';
import { Subject, Subscription } from 'rxjs';
import type { Observable } from 'rxjs';
import { BUSY_RETRY_MS, PEERS_MAX, SWEEPS_PER_LEASE } from '../limits.js';
import { LeaseClock } from './lease-clock.js';
import type { Lease, LeaseConnection, LeaseEnd, LeaseEndReason } from './lease.js';

export interface LeaseTableOptions {
  readonly ttlMs: number;
  readonly peersMax?: number;
  /** A monotonic clock in ms. */
  readonly now?: () => number;
}

interface Entry {
  readonly lease: Lease;
  expiresAtMs: number;
  readonly closing: Subscription;
}

/**
 * Who is alive. A lease belongs to one connection: it ends when that closes, and nothing that another connection
 * does, late or early, can end it except a newer life of the same peer.
 */
export class LeaseTable {
  readonly ttlMs: number;
  /** How often `sweep` is to be called. */
  readonly sweepIntervalMs: number;
  readonly #peersMax: number;
  readonly #clock: LeaseClock;
  readonly #byPeer = new Map<PeerId, Entry>();
  readonly #byConnection = new Map<number, Entry>();
  readonly #ended = new Subject<LeaseEnd>();

  constructor(options: LeaseTableOptions) {
    this.ttlMs = options.ttlMs;
    this.sweepIntervalMs = options.ttlMs / SWEEPS_PER_LEASE;
    this.#peersMax = options.peersMax ?? PEERS_MAX;
    this.#clock = new LeaseClock(options.now ?? (() => performance.now()), this.sweepIntervalMs);
  }

  get ended(): Observable<LeaseEnd> {
    return this.#ended;
  }

  get size(): number {
    return this.#byPeer.size;
  }

  /**
   * Opens a lease. A newer life, or the same life on a new connection, takes the place of the one there. Throws
   * `PEER_ID_TAKEN`, `BUSY`, `BAD_REQUEST` when this connection already has a lease, `CONNECTION_LOST` when it has closed.
   */
  join(connection: LeaseConnection, request: JoinRequest): Lease {
    const own = this.#byConnection.get(connection.id);
    if (own !== undefined) {
      throw new Failure('BAD_REQUEST', `this connection has already joined as "${own.lease.joined.peer}"; join once on each connection`);
    }
    const living = this.#byPeer.get(request.peer);
    if (living !== undefined) {
      this.#checkReplacement(living.lease.joined, request);
      this.#end(living, 'replaced');
    } else if (this.#byPeer.size >= this.#peersMax) {
      throw new Failure('BUSY', `the diary has ${this.#byPeer.size} peers and takes no more; run another diary for the others`, {
        retryAfterMs: BUSY_RETRY_MS,
      });
    }
    const lease: Lease = { joined: request, connection };
    const entry: Entry = { lease, expiresAtMs: this.#clock.nowMs + this.ttlMs, closing: new Subscription() };
    this.#byPeer.set(request.peer, entry);
    this.#byConnection.set(connection.id, entry);
    entry.closing.add(connection.closed.subscribe(() => this.#closed(lease)));
    // A connection that had closed before its request was looked at says so during the line above.
    if (this.#byConnection.get(connection.id) !== entry) {
      throw new Failure('CONNECTION_LOST', `the connection of peer "${request.peer}" closed while it joined; connect again`);
    }
    return lease;
  }

  /** The lease of a connection. Throws `NOT_JOINED`. */
  of(connection: LeaseConnection): Lease {
    return this.#entryOf(connection).lease;
  }

  /** Throws `NOT_JOINED`. */
  renew(connection: LeaseConnection): void {
    this.#entryOf(connection).expiresAtMs = this.#clock.nowMs + this.ttlMs;
  }

  /** Throws `NOT_JOINED`. */
  leave(connection: LeaseConnection): void {
    this.#end(this.#entryOf(connection), 'left');
  }

  /** Ends what was not renewed. Returns by how many ms the call was late, which every lease was given in addition. */
  sweep(): number {
    const lateMs = this.#clock.tick();
    const nowMs = this.#clock.nowMs;
    for (const entry of this.#byPeer.values()) {
      if (entry.expiresAtMs <= nowMs) this.#end(entry, 'lease_expired');
    }
    return lateMs;
  }

  #checkReplacement(living: JoinRequest, request: JoinRequest): void {
    const retryAfterMs = this.ttlMs;
    if (living.key !== request.key) {
      const message =
        `peer id "${request.peer}" belongs to another living peer at ${living.host}:${living.port}; ` +
        'choose another id, or stop that peer';
      throw new Failure('PEER_ID_TAKEN', message, { retryAfterMs });
    }
    if (request.incarnation < living.incarnation) {
      const message =
        `a newer life of peer "${request.peer}" has joined (incarnation ${living.incarnation}, this one is ${request.incarnation}); ` +
        'stop one of the two, and check the clock of this machine';
      throw new Failure('PEER_ID_TAKEN', message, { retryAfterMs });
    }
  }

  #entryOf(connection: LeaseConnection): Entry {
    const entry = this.#byConnection.get(connection.id);
    if (entry === undefined) throw new Failure('NOT_JOINED', 'this connection has no lease; join first');
    return entry;
  }

  #closed(lease: Lease): void {
    const entry = this.#byConnection.get(lease.connection.id);
    if (entry?.lease === lease) this.#end(entry, 'connection_closed');
  }

  #end(entry: Entry, reason: LeaseEndReason): void {
    const { lease } = entry;
    this.#byPeer.delete(lease.joined.peer);
    this.#byConnection.delete(lease.connection.id);
    entry.closing.unsubscribe();
    this.#ended.next({ lease, reason });
    // One who left may still ask; an old or silent life must not go on speaking as if it were joined.
    if (reason === 'lease_expired' || reason === 'replaced') lease.connection.destroy();
  }
}
