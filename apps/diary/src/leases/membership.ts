import { Failure, PROTOCOL_VERSION } from '@p2p/protocol';
import type { JoinAnswer, JoinRequest } from '@p2p/protocol';
import type { Logger } from '@p2p/service';
import type { Subscription } from 'rxjs';
import type { CatalogueStore } from '../catalogue/catalogue-store.js';
import type { DiaryMetrics } from '../metrics.js';
import type { LeaseTable } from './lease-table.js';
import type { LeaseConnection, LeaseEnd } from './lease.js';

export interface MembershipOptions {
  readonly leases: LeaseTable;
  readonly store: CatalogueStore;
  readonly metrics: DiaryMetrics;
  readonly logger: Logger;
  /** Names this life of the diary. */
  readonly epoch: string;
}

/** Joining and departing: keeps the catalogue's peers the same as those with a lease. */
export class Membership {
  readonly #leases: LeaseTable;
  readonly #store: CatalogueStore;
  readonly #metrics: DiaryMetrics;
  readonly #logger: Logger;
  readonly #epoch: string;
  #endings: Subscription | undefined;
  #sweeping: NodeJS.Timeout | undefined;

  constructor(options: MembershipOptions) {
    this.#leases = options.leases;
    this.#store = options.store;
    this.#metrics = options.metrics;
    this.#logger = options.logger;
    this.#epoch = options.epoch;
  }

  start(): void {
    this.#endings = this.#leases.ended.subscribe((end) => this.#departed(end));
    this.#sweeping = setInterval(() => this.#sweep(), this.#leases.sweepIntervalMs);
  }

  stop(): void {
    clearInterval(this.#sweeping);
    this.#endings?.unsubscribe();
  }

  /** Throws `VERSION_MISMATCH`, `PEER_ID_TAKEN`, `BUSY`, `BAD_REQUEST`. */
  async join(connection: LeaseConnection, request: JoinRequest): Promise<JoinAnswer> {
    if (request.version !== PROTOCOL_VERSION) {
      throw new Failure(
        'VERSION_MISMATCH',
        `the peer speaks version ${request.version} of the protocol and this diary version ${PROTOCOL_VERSION}; ` +
          'run the same release on both',
      );
    }
    this.#leases.join(connection, request);
    const { peer, incarnation, host, port } = request;
    await this.#store.addPeer({ peer, incarnation, host, port, draining: false });
    this.#logger.info('peer_joined', { peer, incarnation, host, port, remote: connection.remoteAddress });
    return { version: PROTOCOL_VERSION, epoch: this.#epoch, leaseTtlMs: this.#leases.ttlMs };
  }

  /** Throws `NOT_JOINED`, as do the next two. */
  renew(connection: LeaseConnection): void {
    this.#leases.renew(connection);
  }

  async drain(connection: LeaseConnection): Promise<void> {
    await this.#store.drainPeer(this.#leases.of(connection).joined.peer);
  }

  leave(connection: LeaseConnection): void {
    this.#leases.leave(connection);
  }

  #sweep(): void {
    const lateMs = this.#leases.sweep();
    // A few late milliseconds are every timer's; an interval of them is a pause worth a line.
    if (lateMs > this.#leases.sweepIntervalMs) {
      this.#logger.warn('leases_extended', { byMs: Math.round(lateMs), reason: 'the diary itself stood still' });
    }
  }

  #departed({ lease, reason }: LeaseEnd): void {
    const { peer, incarnation } = lease.joined;
    if (reason !== 'replaced') this.#metrics.departures.inc({ reason });
    this.#logger.info('peer_departed', { peer, incarnation, reason });
    this.#store.removePeer(peer, reason).catch((error: unknown) => {
      this.#logger.error('peer_not_removed', { peer, incarnation, error });
    });
  }
}
