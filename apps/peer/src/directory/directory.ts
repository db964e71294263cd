import type { CatalogueEntry, FileId, FindAnswer, Holder, PeerId, WatchEvent } from '@p2p/protocol';
import type { Observable } from 'rxjs';

/** A position in the catalogue, which is ordered by (name, id). */
export interface CataloguePosition {
  readonly name: string;
  readonly id: FileId;
}

export interface CataloguePage {
  readonly entries: readonly CatalogueEntry[];
  readonly more: boolean;
}

/** A downloader's view of a file's holders, kept up to date across restarts of the diary. */
export interface HolderWatch {
  /** Messages of the diary as they come; goes on by itself after a reconnection (with a new snapshot). Never fails. */
  readonly events: Observable<WatchEvent>;
  /** Asks for other holders than `exclude`. Quiet when the diary is away. */
  askForMore(exclude: readonly PeerId[]): void;
  close(): void;
}

/**
 * The diary as this peer sees it: joins and stays joined by itself, announces what the store of holdings has.
 * Questions throw `DIARY_UNREACHABLE` when it is away; nothing else stops working then.
 */
export interface Directory {
  readonly isConnected: boolean;
  /** Every page begins after `after`. Throws `NOT_FOUND` for a peer nobody knows. */
  list(options: { readonly after?: CataloguePosition; readonly limit: number; readonly peer?: PeerId }): Promise<CataloguePage>;
  find(target: { readonly name: string } | { readonly id: FileId }): Promise<FindAnswer>;
  watchHolders(file: FileId): HolderWatch;
  /** Tells the diary that this peer drains: no downloader is sent to it any more. */
  drain(): Promise<void>;
  leave(): Promise<void>;
}

export const DIRECTORY = Symbol('Directory');

/** Where a holder is reached, and which life of it. */
export type HolderAddress = Pick<Holder, 'peer' | 'host' | 'port' | 'incarnation'>;
