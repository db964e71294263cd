import { HOLDERS_SAMPLE_MAX } from '@p2p/protocol';
import type { FileId, Holder, PeerId, WatchEvent } from '@p2p/protocol';
import type { HolderChange, HolderSample } from '../catalogue/catalogue-store.js';
import { WATCH_TOLD_MAX } from '../limits.js';

type Departure = WatchEvent['left'][number];

/** Hears which holders a watch has been told of. */
export interface ToldListener {
  told(watch: Watch, peer: PeerId): void;
  forgot(watch: Watch, peer: PeerId): void;
}

export interface WatchOptions {
  readonly file: FileId;
  /** Who watches: never among the holders it is told of. */
  readonly asker: PeerId;
  /** New holders are told of while fewer than this many are. */
  readonly limit: number;
  readonly epoch: string;
  readonly listener: ToldListener;
  push(event: WatchEvent): void;
}

/**
 * One downloader's view of a file's holders: remembers whom it was told of, and gathers what happens to them until
 * `flush`. Within one event, departures are to be applied before arrivals: both may be of one peer's two lives.
 */
export class Watch {
  readonly file: FileId;
  readonly asker: PeerId;
  readonly limit: number;
  readonly #options: WatchOptions;
  /** Peers told of and their incarnations, the longest told first. */
  readonly #told = new Map<PeerId, number>();
  readonly #upserted = new Map<PeerId, Holder>();
  readonly #left = new Map<string, Departure>();
  /** What happened while the first sample was fetched. One entry a peer, so no more than there are peers. */
  #beforeSnapshot: Map<PeerId, HolderChange> | undefined = new Map();
  #total = 0;

  constructor(options: WatchOptions) {
    this.file = options.file;
    this.asker = options.asker;
    this.limit = options.limit;
    this.#options = options;
  }

  get told(): Iterable<PeerId> {
    return this.#told.keys();
  }

  get wantsMore(): boolean {
    return this.#told.size < this.limit;
  }

  /** Pushes the first message at once. */
  open(sample: HolderSample): void {
    for (const holder of sample.holders) this.#tell(holder);
    this.#total = sample.total;
    this.#push({ snapshot: true, upserted: sample.holders, left: [] });
    const missed = this.#beforeSnapshot ?? [];
    this.#beforeSnapshot = undefined;
    for (const change of missed.values()) this.offer(change);
  }

  /** Adds holders that were asked for. The longest told make room: they are no longer followed. */
  add(sample: HolderSample): void {
    this.#total = sample.total;
    for (const holder of sample.holders) {
      this.#tell(holder);
      this.#upserted.set(holder.peer, holder);
    }
    for (const peer of this.#told.keys()) {
      if (this.#told.size <= WATCH_TOLD_MAX) break;
      this.#forget(peer);
    }
  }

  /** Takes note of a change where it concerns this watch; returns whether there is something to flush. */
  offer(change: HolderChange): boolean {
    const peer = change.kind === 'upserted' ? change.holder.peer : change.peer;
    if (peer === this.asker) return false;
    if (this.#beforeSnapshot !== undefined) {
      this.#beforeSnapshot.set(peer, change);
      return false;
    }
    return change.kind === 'upserted' ? this.#offerUpserted(change) : this.#offerLeft(change);
  }

  /** Pushes what was gathered, in messages of at most 64 of each. */
  flush(): void {
    const upserted = [...this.#upserted.values()];
    const left = [...this.#left.values()];
    this.#upserted.clear();
    this.#left.clear();
    for (let at = 0; at < Math.max(upserted.length, left.length); at += HOLDERS_SAMPLE_MAX) {
      const end = at + HOLDERS_SAMPLE_MAX;
      this.#push({ snapshot: false, upserted: upserted.slice(at, end), left: left.slice(at, end) });
    }
  }

  #offerUpserted({ holder, total }: HolderChange & { kind: 'upserted' }): boolean {
    if (!this.#told.has(holder.peer) && !this.wantsMore) return false;
    this.#tell(holder);
    this.#total = total;
    // The same life came back before its departure was pushed: it has only changed.
    this.#left.delete(lifeOf(holder.peer, holder.incarnation));
    this.#upserted.set(holder.peer, holder);
    return true;
  }

  #offerLeft({ peer, incarnation, reason, total }: HolderChange & { kind: 'left' }): boolean {
    if (this.#told.get(peer) !== incarnation) return false;
    this.#forget(peer);
    this.#total = total;
    this.#upserted.delete(peer);
    this.#left.set(lifeOf(peer, incarnation), { peer, incarnation, reason });
    return true;
  }

  #tell({ peer, incarnation }: Holder): void {
    this.#told.set(peer, incarnation);
    this.#options.listener.told(this, peer);
  }

  #forget(peer: PeerId): void {
    this.#told.delete(peer);
    this.#options.listener.forgot(this, peer);
  }

  #push(event: Omit<WatchEvent, 'epoch' | 'total' | 'upserted'> & { upserted: readonly Holder[] }): void {
    this.#options.push({ epoch: this.#options.epoch, ...event, upserted: [...event.upserted], total: this.#total });
  }
}

function lifeOf(peer: PeerId, incarnation: number): string {
  return `${peer} ${incarnation}`;
}
