import type { Bitmap, FileId, Manifest } from '@p2p/protocol';

/**
 * A content this peer has, whole or in part: a shared file, a finished download, or one under way. It is where
 * serving and downloading meet, and neither knows the other.
 */
export interface Holding {
  readonly file: FileId;
  readonly manifest: Manifest;
  /** Names it is announced under; at least one. */
  readonly names: readonly string[];
  /** Segments that are verified and can be read now. Grows; never shrinks. */
  readonly verified: Bitmap;
  /**
   * Reads segment `index` into the beginning of `target` and returns its length in bytes. Throws `NOT_HELD`, or
   * `FILE_CHANGED` when the file on disk is not (or no longer) the one that was hashed, or `DISK_FAILED`.
   */
  read(index: number, target: Uint8Array): Promise<number>;
}
