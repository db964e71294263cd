import type { FileId } from '@p2p/protocol';
import type { Observable } from 'rxjs';
import type { Holding } from './holding.js';

/** What happened to the store. `gained` names the segments that were verified since. */
export type HoldingChange =
  | { readonly kind: 'added'; readonly holding: Holding }
  /** Names changed, or it became complete. */
  | { readonly kind: 'updated'; readonly holding: Holding }
  | { readonly kind: 'gained'; readonly holding: Holding; readonly segments: readonly number[] }
  | { readonly kind: 'removed'; readonly holding: Holding; readonly reason: 'withdrawn' | 'changed' };

/** The store of verified segments: what this peer can serve. One entry a content, whoever put it there. */
export interface Holdings {
  readonly changes: Observable<HoldingChange>;
  get(file: FileId): Holding | undefined;
  list(): readonly Holding[];
  /** Adds a holding. A complete one takes the place of a partial one of the same content; names are joined. */
  add(holding: Holding): void;
  /** Tells watchers that a holding has new verified segments, or new names, or became complete. */
  gained(file: FileId, segments: readonly number[]): void;
  updated(file: FileId): void;
  remove(file: FileId, reason: 'withdrawn' | 'changed'): void;
}
