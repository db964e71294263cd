import type { FileId } from '@p2p/protocol';

/** A file that this peer shares. */
export interface Share {
  readonly id: FileId;
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** From `P2P_SHARE_DIR`, by the `share` command, or a finished download. */
  readonly origin: 'folder' | 'command' | 'download';
}

/** How far sharing a path has come. `done` closes it; one file's failure does not stop the others. */
export type ShareProgress =
  | { readonly kind: 'found'; readonly files: number; readonly bytes: number }
  | {
      readonly kind: 'hashing';
      readonly name: string;
      readonly hashedBytes: number;
      readonly bytes: number;
      readonly totalHashedBytes: number;
      readonly totalBytes: number;
    }
  | { readonly kind: 'shared'; readonly share: Share; /** Whether the hash was remembered from before. */ readonly remembered: boolean }
  | { readonly kind: 'failed'; readonly path: string; readonly code: string; readonly message: string }
  | { readonly kind: 'done'; readonly shared: number; readonly failed: number };

/** The files this peer shares from its own disk. */
export interface Shares {
  list(): readonly Share[];
  /**
   * Shares a file or, recursively, a folder, whose files keep their path relative to it as name. `name` renames a file
   * or prefixes a folder. Hashes off the event loop. Throws `NOT_FOUND`, `ACCESS_DENIED`, `BAD_NAME` for the path itself.
   */
  share(path: string, options: { readonly name?: string; readonly signal: AbortSignal }): AsyncIterable<ShareProgress>;
  /** Adds a finished download without hashing it again. */
  adopt(download: { readonly id: FileId; readonly name: string; readonly path: string; readonly manifestBytes: Uint8Array }): Promise<void>;
  /** Stops sharing by name or file id; returns what was unshared. Throws `NOT_FOUND`, `AMBIGUOUS_NAME`. The files stay on disk. */
  unshare(target: string): Promise<readonly Share[]>;
}

export const SHARES = Symbol('Shares');
