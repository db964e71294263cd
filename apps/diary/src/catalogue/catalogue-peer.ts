import type { FileId } from '@p2p/protocol';
import type { PeerRecord } from './catalogue-store.js';
import type { ContentHolding, HoldingPeer } from './content-holding.js';

/** A peer in the memory store and what it holds. */
export class CataloguePeer implements HoldingPeer {
  record: PeerRecord;
  readonly holdings = new Map<FileId, ContentHolding>();
  /** Pairs of content and name. */
  pairsCount = 0;

  constructor(record: PeerRecord) {
    this.record = record;
  }
}
