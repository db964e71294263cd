import { Failure, FIND_MATCHES_MAX } from '@p2p/protocol';
import type {
  AnnouncedFile,
  DepartureReason,
  FileId,
  FindAnswer,
  FindRequest,
  HoldingState,
  ListAnswer,
  PeerId,
  WithdrawRequest,
} from '@p2p/protocol';
import { Subject } from 'rxjs';
import type { Observable } from 'rxjs';
import { ANNOUNCEMENTS_MAX, BUSY_RETRY_MS, FILES_PER_PEER_MAX, PEERS_MAX } from '../limits.js';
import { CataloguePeer } from './catalogue-peer.js';
import type { CatalogueStore, HolderChange, HolderSample, PageRequest, PeerRecord, SampleRequest } from './catalogue-store.js';
import { Content } from './content.js';
import { ContentHolding } from './content-holding.js';
import { NameEntry } from './name-entry.js';
import { PeerListings } from './peer-listings.js';
import { SortedEntries } from './sorted-entries.js';

export interface MemoryStoreOptions {
  /** Numbers from 0 to below 1. */
  readonly random?: () => number;
  readonly peersMax?: number;
  readonly filesPerPeerMax?: number;
  readonly announcementsMax?: number;
}

/**
 * The catalogue in this process's memory. Every call takes effect before it returns; the promises are the port's.
 * Strings of a content, a name and a peer are kept once, however many announced them.
 */
export class MemoryStore implements CatalogueStore {
  readonly #contents = new Map<FileId, Content>();
  readonly #entries = new SortedEntries();
  readonly #peers = new Map<PeerId, CataloguePeer>();
  readonly #listings = new PeerListings();
  readonly #changes = new Subject<HolderChange>();
  readonly #random: () => number;
  readonly #peersMax: number;
  readonly #filesPerPeerMax: number;
  readonly #announcementsMax: number;
  #pairsCount = 0;

  constructor(options: MemoryStoreOptions = {}) {
    this.#random = options.random ?? Math.random;
    this.#peersMax = options.peersMax ?? PEERS_MAX;
    this.#filesPerPeerMax = options.filesPerPeerMax ?? FILES_PER_PEER_MAX;
    this.#announcementsMax = options.announcementsMax ?? ANNOUNCEMENTS_MAX;
  }

  get changes(): Observable<HolderChange> {
    return this.#changes;
  }

  async addPeer(record: PeerRecord): Promise<void> {
    this.#removePeer(record.peer, 'replaced');
    if (this.#peers.size >= this.#peersMax) {
      throw new Failure('BUSY', `the catalogue has ${this.#peers.size} peers and takes no more; run another diary for the others`, {
        retryAfterMs: BUSY_RETRY_MS,
      });
    }
    this.#peers.set(record.peer, new CataloguePeer(record));
  }

  async drainPeer(peer: PeerId): Promise<void> {
    const entry = this.#peers.get(peer);
    if (entry === undefined || entry.record.draining) return;
    entry.record = { ...entry.record, draining: true };
    for (const [file, holding] of entry.holdings) this.#tellUpserted(file, holding);
  }

  async removePeer(peer: PeerId, reason: DepartureReason): Promise<void> {
    this.#removePeer(peer, reason);
  }

  async announce(peer: PeerId, files: readonly AnnouncedFile[]): Promise<void> {
    const holder = this.#peerOf(peer);
    this.#checkAnnouncement(holder, files);
    for (const file of files) this.#announceOne(holder, file);
  }

  async withdraw(peer: PeerId, files: WithdrawRequest['files']): Promise<void> {
    const holder = this.#peerOf(peer);
    for (const { id, name } of files) {
      const holding = holder.holdings.get(id);
      if (holding === undefined) continue;
      if (name === undefined) {
        this.#removeHolding(holder, id, holding, 'withdrawn');
        continue;
      }
      const entry = this.#entries.get(name, id);
      if (entry === undefined || !holding.has(entry)) continue;
      if (holding.namesCount === 1) {
        this.#removeHolding(holder, id, holding, 'withdrawn');
      } else {
        holding.removeName(entry);
        this.#dropCarrier(holder, entry);
      }
    }
  }

  async list(page: PageRequest): Promise<ListAnswer> {
    // No name is empty, so every entry comes after the position ("", "").
    return toPage(this.#entries.from(page.after?.name ?? '', page.after?.id ?? '', page.limit + 1), page.limit);
  }

  async ofPeer(peer: PeerId, page: PageRequest): Promise<ListAnswer> {
    const holder = this.#peers.get(peer);
    if (holder === undefined) throw new Failure('NOT_FOUND', `no peer "${peer}" is joined; the list of all files names none of its files`);
    return toPage(this.#listings.page(holder, page.after, page.limit + 1), page.limit);
  }

  async find(target: FindRequest): Promise<FindAnswer> {
    if ('name' in target) {
      const { name } = target;
      const matches = this.#entries.from(name, '', FIND_MATCHES_MAX, true).filter((entry) => entry.name === name);
      return { matches: matches.map((entry) => entry.content.toEntry(name)), total: this.#entries.countOf(name) };
    }
    const content = this.#contents.get(target.id);
    const name = content?.anyName;
    return content === undefined || name === undefined ? { matches: [], total: 0 } : { matches: [content.toEntry(name)], total: 1 };
  }

  async sample(file: FileId, request: SampleRequest): Promise<HolderSample> {
    const content = this.#contents.get(file);
    if (content === undefined) return { holders: [], total: 0 };
    const chosen = content.sample(request.limit, (holding) => request.accepts(holding.peer.record.peer), this.#random);
    const holders = chosen.map((holding) => ({ ...holding.peer.record, state: content.stateOf(holding) }));
    return { holders, total: content.holdersCount };
  }

  async counts(): Promise<{ readonly peers: number; readonly files: number }> {
    return { peers: this.#peers.size, files: this.#contents.size };
  }

  #peerOf(peer: PeerId): CataloguePeer {
    const holder = this.#peers.get(peer);
    if (holder === undefined) throw new Failure('NOT_JOINED', `peer "${peer}" is not joined; join before announcing files`);
    return holder;
  }

  /** Throws before anything is changed when the files cannot all be taken. */
  #checkAnnouncement(holder: CataloguePeer, files: readonly AnnouncedFile[]): void {
    const sizes = new Map<FileId, number>();
    let newPairs = 0;
    for (const { id, name, bytes } of files) {
      // Only of one peer is it a contradiction. Between peers nobody here can tell who is right: a wrong size that came
      // first must not keep honest holders out. Downloaders go by the manifest.
      const known = sizes.get(id) ?? bytes;
      if (known !== bytes) {
        const sentence = `file ${id} was announced with ${known} bytes and now with ${bytes}; an id names one content of one size`;
        throw new Failure('BAD_REQUEST', sentence);
      }
      sizes.set(id, bytes);
      const entry = this.#entries.get(name, id);
      if (entry === undefined || holder.holdings.get(id)?.has(entry) !== true) newPairs++;
    }
    const pairs = holder.pairsCount + newPairs;
    if (pairs > this.#filesPerPeerMax) {
      const sentence = `this peer would announce ${pairs} names of files; at most ${this.#filesPerPeerMax} are kept for one peer`;
      throw new Failure('LIMIT_EXCEEDED', `${sentence}; share fewer`);
    }
    if (this.#pairsCount + newPairs > this.#announcementsMax) {
      const sentence = `the catalogue has ${this.#pairsCount} announcements and at most ${this.#announcementsMax}`;
      throw new Failure('BUSY', `${sentence}; share fewer files or run another diary`, { retryAfterMs: BUSY_RETRY_MS });
    }
  }

  #announceOne(holder: CataloguePeer, file: AnnouncedFile): void {
    let content = this.#contents.get(file.id);
    if (content === undefined) {
      content = new Content(file.id, file.bytes);
      this.#contents.set(file.id, content);
    }
    let entry = this.#entries.get(file.name, file.id);
    if (entry === undefined) {
      entry = new NameEntry(file.name, content);
      this.#entries.add(entry);
    }
    const holding = holder.holdings.get(content.id);
    if (holding === undefined) {
      this.#addHolding(holder, content, entry, file.state);
      return;
    }
    if (holding.addName(entry)) this.#addCarrier(holder, entry);
    if (content.setState(holding, file.state)) this.#tellUpserted(content.id, holding);
  }

  #addHolding(holder: CataloguePeer, content: Content, entry: NameEntry, state: HoldingState): void {
    const holding = new ContentHolding(holder, entry);
    content.add(holding, state);
    holder.holdings.set(content.id, holding);
    this.#addCarrier(holder, entry);
    this.#tellUpserted(content.id, holding);
  }

  #addCarrier(holder: CataloguePeer, entry: NameEntry): void {
    entry.carriers++;
    holder.pairsCount++;
    this.#pairsCount++;
    this.#listings.forget(holder);
  }

  #dropCarrier(holder: CataloguePeer, entry: NameEntry): void {
    entry.carriers--;
    if (entry.carriers === 0) this.#entries.delete(entry);
    holder.pairsCount--;
    this.#pairsCount--;
    this.#listings.forget(holder);
  }

  #removeHolding(holder: CataloguePeer, file: FileId, holding: ContentHolding, reason: DepartureReason): void {
    const content = this.#contents.get(file);
    if (content === undefined) return;
    for (const entry of holding.names) this.#dropCarrier(holder, entry);
    holder.holdings.delete(file);
    content.remove(holding);
    if (content.holdersCount === 0) this.#contents.delete(file);
    const { peer, incarnation } = holder.record;
    this.#changes.next({ kind: 'left', file, peer, incarnation, reason, total: content.holdersCount });
  }

  #removePeer(peer: PeerId, reason: DepartureReason): void {
    const holder = this.#peers.get(peer);
    if (holder === undefined) return;
    for (const [file, holding] of holder.holdings) this.#removeHolding(holder, file, holding, reason);
    this.#peers.delete(peer);
  }

  #tellUpserted(file: FileId, holding: ContentHolding): void {
    const content = this.#contents.get(file);
    if (content === undefined) return;
    const holder = { ...holding.peer.record, state: content.stateOf(holding) };
    this.#changes.next({ kind: 'upserted', file, holder, total: content.holdersCount });
  }
}

/** `entries` has one more than the page when there are more. */
function toPage(entries: readonly NameEntry[], limit: number): ListAnswer {
  return { entries: entries.slice(0, limit).map((entry) => entry.content.toEntry(entry.name)), more: entries.length > limit };
}
