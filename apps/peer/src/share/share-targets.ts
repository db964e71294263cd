import fs from 'node:fs/promises';
import { basename, isAbsolute, join, resolve, sep } from 'node:path';
import { assertFileName, Failure } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import type { DataDir } from '../data-dir/data-dir.js';
import type { ShareRoot } from './share-root.js';

/** What this peer keeps for itself: its whole data directory but for finished downloads. */
export class PrivatePaths {
  readonly #root: string;
  readonly #downloads: string;

  private constructor(root: string, downloads: string) {
    this.#root = root;
    this.#downloads = downloads;
  }

  static async of(dataDir: DataDir): Promise<PrivatePaths> {
    // Before the first download the folder may be missing, and then it is where its name says.
    const [root, downloads] = await Promise.all(
      [dataDir.root, dataDir.downloads].map((path) => fs.realpath(path).catch(() => resolve(path))),
    );
    return new PrivatePaths(root ?? dataDir.root, downloads ?? dataDir.downloads);
  }

  has(realPath: string): boolean {
    if (isInside(realPath, join(this.#downloads, '.partial'))) return true;
    return isInside(realPath, this.#root) && !isInside(realPath, this.#downloads);
  }
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/**
 * The root for a path given to `share`. Throws `BAD_REQUEST` (not absolute, or neither file nor folder), `NOT_FOUND`,
 * `ACCESS_DENIED` (also for this peer's own data), `BAD_NAME`.
 */
export async function rootFor(
  path: string,
  name: string | undefined,
  privatePaths: PrivatePaths,
): Promise<{ readonly root: ShareRoot; readonly bytes: number }> {
  if (!isAbsolute(path) || path.includes('\0')) throw new Failure('BAD_REQUEST', `"${path}" is not an absolute path`);
  const absolute = resolve(path);
  try {
    const stats = await fs.stat(absolute);
    if (!stats.isFile() && !stats.isDirectory()) throw new Failure('BAD_REQUEST', `${absolute} is neither a file nor a folder`);
    if (privatePaths.has(await fs.realpath(absolute))) {
      throw new Failure('ACCESS_DENIED', `${absolute} is this peer's own data; share its downloads folder instead`);
    }
    await fs.access(absolute, fs.constants.R_OK);
    const kind = stats.isFile() ? 'file' : 'folder';
    const prefix = name === undefined ? '' : assertFileName(name);
    const root = {
      origin: 'command',
      path: absolute,
      kind,
      name: kind === 'folder' ? prefix : assertFileName(name ?? basename(absolute)),
    } as const;
    return { root: { ...root, exceptions: new Set() }, bytes: stats.size };
  } catch (cause) {
    throw toFailure(cause);
  }
}
