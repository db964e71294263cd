import type { FileId } from '@p2p/protocol';
import type { Share } from './shares.js';

/** Something that was given to be shared: a file, or a folder with what is in it now and later. Remembered over restarts. */
export interface ShareRoot {
  readonly origin: Share['origin'];
  /** Absolute. */
  readonly path: string;
  readonly kind: 'file' | 'folder';
  /** What a file is called, or what stands before the names of a folder's files ("" for nothing). */
  readonly name: string;
  /** Names in a folder that were unshared one by one, and stay so. */
  readonly exceptions: Set<string>;
  /** A finished download is shared only as long as it is what was downloaded. */
  readonly expectedFile?: FileId;
}

/** Whether two roots are the same request, so that the newer takes the place of the older. */
export function sameRoot(left: ShareRoot, right: ShareRoot): boolean {
  return left.path === right.path && left.name === right.name && left.kind === right.kind && left.origin === right.origin;
}

/** The name of a file of a folder, from its path relative to the folder. */
export function nameIn(root: ShareRoot, relative: string): string {
  return root.name === '' ? relative : `${root.name}/${relative}`;
}
