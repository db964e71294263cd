import path from 'node:path';
import type { FileId } from '@p2p/protocol';

/** Folder of the unfinished downloads, inside `downloads`; no name from the network leads into it. */
export const PARTIAL_FOLDER = '.partial';

/** What a download keeps on disk until it is done. */
export interface PartPaths {
  readonly folder: string;
  /** The bytes, sparse. */
  readonly part: string;
  /** One byte a segment: 1 where it was verified and written. */
  readonly map: string;
  readonly manifest: string;
  readonly job: string;
}

export function partPathsOf(folder: string, file: FileId): PartPaths {
  const base = path.join(folder, file);
  return { folder, part: `${base}.part`, map: `${base}.map`, manifest: `${base}.manifest`, job: `${base}.job` };
}
