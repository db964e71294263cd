import type {
  AnnouncedFile,
  CatalogueEntry,
  DepartureReason,
  FileId,
  FindAnswer,
  FindRequest,
  Holder,
  ListAnswer,
  PeerId,
  WithdrawRequest,
} from '@p2p/protocol';
import type { Observable } from 'rxjs';

/** A peer as its holders' entries show it; whether it holds a file whole is told per file. */
export type PeerRecord = Omit<Holder, 'state'>;

/** A position in a listing; the page begins with the next entry in the order of (name, id). */
export type CataloguePosition = Pick<CatalogueEntry, 'name' | 'id'>;

export interface PageRequest {
  readonly after?: CataloguePosition | undefined;
  readonly limit: number;
}

/** What happened to one holder of one file. */
export type HolderChange =
  | { readonly kind: 'upserted'; readonly file: FileId; readonly holder: Holder; readonly total: number }
  | {
      readonly kind: 'left';
      readonly file: FileId;
      readonly peer: PeerId;
      readonly incarnation: number;
      readonly reason: DepartureReason;
      readonly total: number;
    };

export interface SampleRequest {
  readonly limit: number;
  /** Whether this peer may be in the sample. */
  accepts(peer: PeerId): boolean;
}

export interface HolderSample {
  readonly holders: readonly Holder[];
  /** Holders of the file in all, sampled or not. */
  readonly total: number;
}

/**
 * Which peers there are and who holds which content under which names. One name and content is one entry, whoever
 * holds it; an entry's counts are those of the content's holders, under whatever name they have it: all of them can
 * serve it. A peer has one state for a content: the last it announced.
 *
 * Calls of one caller take effect in the order they were made. Names are in the order of their UTF-16 code units.
 */
export interface CatalogueStore {
  /** Every change, as it takes effect. */
  readonly changes: Observable<HolderChange>;
  /** Adds a peer that holds nothing. One of that id is removed first, as `replaced`. Throws `BUSY` when there are too many. */
  addPeer(peer: PeerRecord): Promise<void>;
  /** Marks a peer as draining, towards everyone who watches a file it holds. */
  drainPeer(peer: PeerId): Promise<void>;
  /** Removes a peer and all it holds. Nothing happens when it is not there. */
  removePeer(peer: PeerId, reason: DepartureReason): Promise<void>;
  /**
   * Takes all of `files` or none. Throws `BAD_REQUEST` when a content was announced with another size, `LIMIT_EXCEEDED`
   * when the peer would hold too many, `BUSY` when all peers together do, `NOT_JOINED` when the peer is not there.
   */
  announce(peer: PeerId, files: readonly AnnouncedFile[]): Promise<void>;
  /** What the peer does not hold is passed over. Throws `NOT_JOINED` when the peer is not there. */
  withdraw(peer: PeerId, files: WithdrawRequest['files']): Promise<void>;
  list(page: PageRequest): Promise<ListAnswer>;
  /** Throws `NOT_FOUND` when the peer is not there. */
  ofPeer(peer: PeerId, page: PageRequest): Promise<ListAnswer>;
  find(target: FindRequest): Promise<FindAnswer>;
  /** A random choice of a file's holders: complete ones first, then partial ones, draining ones last. */
  sample(file: FileId, request: SampleRequest): Promise<HolderSample>;
  counts(): Promise<{ readonly peers: number; readonly files: number }>;
}

export const CATALOGUE_STORE = Symbol('CatalogueStore');
