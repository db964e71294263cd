import { HOLDERS_SAMPLE_MAX, type Bitmap, type Failure, type FileId, type PeerId, type WatchEvent } from '@p2p/protocol';
import { toFailure, type Logger } from '@p2p/service';
import type { SourceId, TransferEvent } from '@p2p/transfer';
import type { Subscription } from 'rxjs';
import type { Directory, HolderWatch } from '../directory/directory.js';
import type { PeerLink, PeerLinks } from '../links/peer-link.js';
import type { Clock } from './clock.js';
import { HolderBook } from './holder-book.js';
import { isConnectable, type SourceCandidate } from './source-candidate.js';
import { SourceConnection } from './source-connection.js';

export interface SourcePoolComponents {
  readonly directory: Directory;
  readonly links: PeerLinks;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly logger: Logger;
}

export interface SourcePoolOptions {
  readonly file: FileId;
  readonly self: PeerId;
  readonly sourcesMax: number;
  /** A holder is connected; what it has is not known yet. */
  readonly onConnected: (link: PeerLink) => void;
  /** What the planner must know, once `watchAvailability` was called. */
  readonly onEvent: (event: TransferEvent) => void;
  /** Its requests are over; called while it still has its link, before the planner hears `source_left`. */
  readonly onLosing: (source: SourceId) => void;
  /** It sent something that is not allowed. */
  readonly onMalformed: () => void;
}

/**
 * The holders of one file as one download uses them: learns of them from the diary, connects as many as allowed,
 * connects lost ones again, and tells the planner who has what. The diary's word is a hint: a connection that stands
 * outranks it.
 */
export class SourcePool {
  readonly #components: SourcePoolComponents;
  readonly #options: SourcePoolOptions;
  readonly #book: HolderBook;
  readonly #watch: HolderWatch;
  #watchSubscription: Subscription | undefined;
  #segmentCount: number | undefined;
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;

  constructor(components: SourcePoolComponents, options: SourcePoolOptions) {
    this.#components = components;
    this.#options = options;
    this.#book = new HolderBook(components, options);
    this.#watch = components.directory.watchHolders(options.file);
  }

  /** Connected sources, whether or not they have told what they have. */
  get connectedCount(): number {
    return this.#book.connected().length;
  }

  /** Begins to learn of holders and to connect them. Once is enough. */
  open(): void {
    this.#watchSubscription ??= this.#watch.events.subscribe((event) => this.#onWatchEvent(event));
  }

  linkOf(source: SourceId): PeerLink | undefined {
    return this.#book.get(source)?.connection?.link;
  }

  /** From now on the planner is told who has what. Needs the manifest, which says how many segments there are. */
  watchAvailability(segmentCount: number): void {
    this.#segmentCount = segmentCount;
    for (const { connection } of this.#book.connected()) connection?.watchAvailability(segmentCount);
  }

  /** Notes bytes of this download from a source; the rest of what its link carries is for others. */
  noteBytes(source: SourceId, bytes: number): void {
    this.#book.get(source)?.connection?.noteOwnBytes(bytes);
  }

  /** Notes that a source delivered: losing it later is no reason to hesitate. */
  noteDelivered(source: SourceId): void {
    const connection = this.#book.get(source)?.connection;
    if (connection !== undefined) connection.hasDelivered = true;
  }

  /** Notes what a source says of itself. */
  noteBusy(source: SourceId, busy: number): void {
    const connection = this.#book.get(source)?.connection;
    if (connection !== undefined) connection.busy = busy;
  }

  /** What a source says that it is limited by; undefined when it is not connected. */
  limitsOf(source: SourceId): { readonly paceBytesPerSecond: number; readonly busy: number } | undefined {
    const connection = this.#book.get(source)?.connection;
    return connection === undefined ? undefined : { paceBytesPerSecond: connection.paceBytesPerSecond, busy: connection.busy };
  }

  /** Tells the planner of links that lately carried bytes for other downloads: their holders live. */
  reportForeignBytes(): void {
    for (const { address, connection } of this.#book.connected()) {
      if (connection?.have === undefined) continue;
      const wireBytes = connection.takeForeignBytes();
      if (wireBytes > 0) this.#options.onEvent({ kind: 'bytes_received', source: address.peer, wireBytes });
    }
  }

  /** Looks for others. When every place is taken, a source that has nothing useful gives way to one not tried yet. */
  findMore(isUseful: (have: 'complete' | Bitmap) => boolean): void {
    const known = [...this.#book.connected(), ...this.#book.all().filter((candidate) => candidate.connection === undefined)];
    this.#watch.askForMore(known.slice(0, HOLDERS_SAMPLE_MAX).map((candidate) => candidate.address.peer));
    this.#makeRoom(isUseful);
    this.#fill();
  }

  /** Gives a source up for now. `closeLink`: nothing has come for too long, so the connection is dead for everyone. */
  disconnect(source: SourceId, options: { readonly closeLink: boolean; readonly reason: string }): void {
    const candidate = this.#book.get(source);
    const link = candidate?.connection?.link;
    if (candidate === undefined || link === undefined) return;
    this.#lose(candidate, options.reason);
    if (options.closeLink) link.close();
  }

  /** Never asks this source again; asks it whether it finds its own copy of `segment` intact, where there is one in doubt. */
  quarantine(source: SourceId, segment?: number): void {
    const candidate = this.#book.get(source);
    if (candidate === undefined) return;
    candidate.quarantined = true;
    if (candidate.connection === undefined) return;
    if (segment !== undefined) void this.#dispute(candidate, segment);
    this.#lose(candidate, 'quarantined');
  }

  /** A holder says that its file is no longer what was shared, or its connection failed a request. It may come back. */
  withdraw(source: SourceId, failure: Failure): void {
    const candidate = this.#book.get(source);
    if (candidate !== undefined) this.#lose(candidate, failure.message);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelRetry?.();
    this.#watchSubscription?.unsubscribe();
    this.#watch.close();
    for (const candidate of this.#book.connected()) this.#detach(candidate);
    this.#book.clear();
  }

  #onWatchEvent(event: WatchEvent): void {
    const { replaced, draining } = this.#book.apply(event);
    for (const candidate of draining) this.#tellDraining(candidate);
    for (const candidate of replaced) {
      this.#lose(candidate, 'a new life of this peer has begun');
      // The new life is to be tried at once: it is not what failed.
      candidate.attempts = 0;
      candidate.retryAt = 0;
    }
    this.#fill();
  }

  /** Connects candidates while places are free, and wakes when the next one may be tried. */
  #fill(): void {
    if (this.#isClosed) return;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    for (let free = this.#freePlaces(); free > 0; free--) {
      const candidate = this.#book.pick();
      if (candidate === undefined) break;
      void this.#connect(candidate);
    }
    const retryAt = this.#freePlaces() > 0 ? this.#book.nextRetryAt() : undefined;
    if (retryAt === undefined) return;
    this.#cancelRetry = this.#components.clock.wait(retryAt - this.#components.clock.now() + 1, () => this.#fill());
  }

  #freePlaces(): number {
    const taken = this.#book.all().filter((candidate) => candidate.connection !== undefined || candidate.connecting);
    return this.#options.sourcesMax - taken.length;
  }

  async #connect(candidate: SourceCandidate): Promise<void> {
    candidate.connecting = true;
    const { address } = candidate;
    try {
      const link = await this.#components.links.open(address);
      candidate.connecting = false;
      const isWanted =
        !this.#isClosed && this.#book.get(address.peer) === candidate && candidate.address.incarnation === address.incarnation;
      if (isWanted && !candidate.quarantined) this.#attach(candidate, link);
      else this.#components.links.release(link);
    } catch (error) {
      candidate.connecting = false;
      if (!this.#isClosed) this.#onConnectFailed(candidate, toFailure(error));
    }
    this.#fill();
  }

  #onConnectFailed(candidate: SourceCandidate, failure: Failure): void {
    const fields = { source: candidate.address.peer, code: failure.code, message: failure.message };
    if (failure.code === 'VERSION_MISMATCH') {
      candidate.quarantined = true;
      this.#components.logger.warn('download.source_refused', fields);
      return;
    }
    this.#components.logger.debug('download.source_unreachable', fields);
    this.#book.postpone(candidate);
  }

  #attach(candidate: SourceCandidate, link: PeerLink): void {
    const connection = new SourceConnection({
      link,
      file: this.#options.file,
      onEvent: (event) => {
        this.#options.onEvent(event);
        if (event.kind === 'source_joined' && candidate.draining) this.#tellDraining(candidate);
      },
      onDraining: () => {
        if (candidate.draining) return;
        candidate.draining = true;
        this.#tellDraining(candidate);
      },
      onEnded: ({ reason, isMalformed }) => {
        if (candidate.connection !== connection) return;
        if (isMalformed) {
          candidate.quarantined = true;
          this.#options.onMalformed();
        }
        this.#lose(candidate, reason);
      },
    });
    candidate.connection = connection;
    this.#components.logger.debug('download.source_connected', { source: candidate.address.peer });
    connection.open();
    if (this.#segmentCount !== undefined) connection.watchAvailability(this.#segmentCount);
    if (candidate.connection === connection) this.#options.onConnected(link);
  }

  #tellDraining(candidate: SourceCandidate): void {
    if (candidate.connection?.have === undefined) return;
    this.#options.onEvent({ kind: 'source_draining', source: candidate.address.peer });
  }

  #lose(candidate: SourceCandidate, reason: string): void {
    const { connection } = candidate;
    if (connection === undefined || this.#isClosed) return;
    const source = candidate.address.peer;
    this.#components.logger.info('download.source_lost', { source, reason });
    this.#options.onLosing(source);
    this.#detach(candidate);
    if (connection.have !== undefined) this.#options.onEvent({ kind: 'source_left', source });
    // Without the diary nobody would tell that a drained pod is back.
    if (!this.#components.directory.isConnected) candidate.draining = false;
    if (connection.hasDelivered) candidate.attempts = 0;
    this.#book.postpone(candidate);
    this.#fill();
  }

  #detach(candidate: SourceCandidate): void {
    const { connection } = candidate;
    if (connection === undefined) return;
    candidate.connection = undefined;
    connection.close();
    this.#components.links.release(connection.link);
  }

  #makeRoom(isUseful: (have: 'complete' | Bitmap) => boolean): void {
    const now = this.#components.clock.now();
    if (this.#freePlaces() > 0 || !this.#book.all().some((candidate) => isConnectable(candidate) && candidate.retryAt <= now)) return;
    const useless = this.#book.connected().find(({ connection }) => connection?.have !== undefined && !isUseful(connection.have));
    if (useless !== undefined) this.#lose(useless, 'it has nothing that is missing, and another may');
  }

  /** Runs in the background, with a hold on the link of its own: the download has turned away by the time of the answer. */
  async #dispute(candidate: SourceCandidate, segment: number): Promise<void> {
    const { logger, links } = this.#components;
    const source = candidate.address.peer;
    try {
      const link = await links.open(candidate.address);
      try {
        const isIntact = await link.dispute(this.#options.file, segment);
        logger.warn('download.source_disputed', { source, segment, itsOwnCopyIsIntact: isIntact });
      } finally {
        links.release(link);
      }
    } catch (error) {
      logger.warn('download.source_disputed', { source, segment, answer: toFailure(error).message });
    }
  }
}
