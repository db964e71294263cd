import type { JoinRequest } from '@p2p/protocol';
import type { Observable } from 'rxjs';

/** What a lease needs of the connection it is bound to. */
export interface LeaseConnection {
  readonly id: number;
  readonly remoteAddress: string;
  /** Emits once the connection is gone; replays it to late subscribers. */
  readonly closed: Observable<void>;
  destroy(): void;
}

/** One life of a peer, on one connection: its right to be listed. */
export interface Lease {
  readonly joined: JoinRequest;
  readonly connection: LeaseConnection;
}

/** Why a lease ended. A life that was `replaced` is no loss: the peer is there. */
export type LeaseEndReason = 'left' | 'connection_closed' | 'lease_expired' | 'replaced';

export interface LeaseEnd {
  readonly lease: Lease;
  readonly reason: LeaseEndReason;
}
