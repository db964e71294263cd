import type { PeerId } from '@p2p/protocol';
import type { HolderChange } from '../catalogue/catalogue-store.js';
import type { ToldListener, Watch } from './watch.js';

/**
 * The watches of one file, by what concerns them: a change is offered to those who were told of its peer and, when it
 * is an arrival, to those who have been told of too few. With 10 000 watchers of one file, asking each of them about
 * each change would be 10 000 x 10 000 questions.
 */
export class FileWatches implements ToldListener {
  readonly #opening = new Set<Watch>();
  readonly #open = new Set<Watch>();
  readonly #wanting = new Set<Watch>();
  readonly #toldOf = new Map<PeerId, Set<Watch>>();

  get isEmpty(): boolean {
    return this.#open.size === 0 && this.#opening.size === 0;
  }

  /** Adds a watch that has no first sample yet. */
  add(watch: Watch): void {
    this.#opening.add(watch);
  }

  opened(watch: Watch): void {
    if (!this.#opening.delete(watch)) return;
    this.#open.add(watch);
    this.#note(watch);
  }

  remove(watch: Watch): void {
    this.#opening.delete(watch);
    this.#open.delete(watch);
    this.#wanting.delete(watch);
    for (const peer of watch.told) this.#unlink(watch, peer);
  }

  /** Offers a change; returns the watches that now have something to flush. */
  offer(change: HolderChange): Watch[] {
    const peer = change.kind === 'upserted' ? change.holder.peer : change.peer;
    const concerned = new Set(this.#opening);
    for (const watch of this.#toldOf.get(peer) ?? []) concerned.add(watch);
    if (change.kind === 'upserted') for (const watch of this.#wanting) concerned.add(watch);
    const changed: Watch[] = [];
    for (const watch of concerned) if (watch.offer(change)) changed.push(watch);
    return changed;
  }

  told(watch: Watch, peer: PeerId): void {
    const watches = this.#toldOf.get(peer);
    if (watches === undefined) this.#toldOf.set(peer, new Set([watch]));
    else watches.add(watch);
    this.#note(watch);
  }

  forgot(watch: Watch, peer: PeerId): void {
    this.#unlink(watch, peer);
    this.#note(watch);
  }

  #note(watch: Watch): void {
    if (watch.wantsMore && this.#open.has(watch)) this.#wanting.add(watch);
    else this.#wanting.delete(watch);
  }

  #unlink(watch: Watch, peer: PeerId): void {
    const watches = this.#toldOf.get(peer);
    watches?.delete(watch);
    if (watches?.size === 0) this.#toldOf.delete(peer);
  }
}
