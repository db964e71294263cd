import fs from 'node:fs/promises';
import path from 'node:path';
import { toFailure } from '@p2p/service';
import { makeDeepFolder } from './deep-folder.js';

/** Where things are in a peer's data directory. */
export interface DataDir {
  readonly root: string;
  /** Finished downloads; `.partial/` in it holds those under way. */
  readonly downloads: string;
  /** What is shared, and remembered hashes. */
  readonly shares: string;
  readonly controlToken: string;
}

export function dataDirAt(root: string): DataDir {
  return {
    root,
    downloads: path.join(root, 'downloads'),
    shares: path.join(root, 'shares'),
    controlToken: path.join(root, 'control.token'),
  };
}

/** Makes the directories that are missing. Throws `ACCESS_DENIED`, `ALREADY_EXISTS`, `NOT_FOUND`, `DISK_FULL`, `DISK_FAILED`. */
export async function makeDataDir(dataDir: DataDir): Promise<void> {
  for (const directory of [dataDir.root, dataDir.downloads, dataDir.shares]) {
    try {
      await makeDeepFolder(directory, 0o700);
      await fs.access(directory, fs.constants.W_OK);
    } catch (cause) {
      throw toFailure(cause, `cannot write the data directory ${directory} (P2P_DATA_DIR)`);
    }
  }
}
