import { constants, copyFile, link, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Failure, type FileId } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import { makeDeepFolder } from '../data-dir/deep-folder.js';
import type { OutputPath } from './output-path.js';

export interface Placement {
  readonly file: FileId;
  /** The finished part: synced. */
  readonly part: string;
  readonly output: OutputPath;
  /** Names lead to paths inside this folder, and no link inside it is followed. */
  readonly downloadsFolder: string;
  readonly overwrite: boolean;
}

/**
 * Moves a finished part to where it belongs, in one step that a crash cannot leave half done: a rename, or, where that
 * is another file system, a copy beside it and then a rename. Never replaces what is there unless told to. Returns
 * whether it did: not, when something is there. Throws `DISK_FULL`, `DISK_FAILED`, `ACCESS_DENIED`, `ALREADY_EXISTS`.
 */
export async function placeOutput(placement: Placement): Promise<boolean> {
  const { output, part } = placement;
  const folder = path.dirname(output.path);
  if (output.chosen) await makeFolders(folder);
  else await makeFoldersWithoutLinks(placement.downloadsFolder, output.path);
  try {
    if (await moveInto(part, placement)) {
      await syncFolder(folder);
      return true;
    }
    return false;
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw toFailure(error, `"${output.path}" cannot be written`);
  }
  return copyInto(placement, folder);
}

async function copyInto(placement: Placement, folder: string): Promise<boolean> {
  // Named after the content: what a crash leaves behind is replaced by the next attempt.
  const copy = path.join(folder, `.p2p-${placement.file}.tmp`);
  try {
    await rm(copy, { force: true });
    await copyFile(placement.part, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await syncPath(copy);
    const isPlaced = await moveInto(copy, placement);
    if (!isPlaced) await rm(copy, { force: true });
    await syncFolder(folder);
    return isPlaced;
  } catch (error) {
    await rm(copy, { force: true }).catch(() => undefined);
    throw toFailure(error, `"${placement.output.path}" cannot be written`);
  }
}

/** Renames; false when something is at the output and may not be replaced. */
async function moveInto(from: string, { output, overwrite }: Placement): Promise<boolean> {
  if (overwrite) {
    await rename(from, output.path);
    return true;
  }
  try {
    // A hard link, unlike a rename, fails when something is there.
    await link(from, output.path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return false;
    if (code === 'EXDEV' || !LINKS_NOT_SUPPORTED.has(code)) throw error;
    if ((await lstat(output.path).catch(() => undefined)) !== undefined) return false;
    await rename(from, output.path);
    return true;
  }
  await rm(from);
  return true;
}

const LINKS_NOT_SUPPORTED: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES']);

async function makeFolders(folder: string): Promise<void> {
  try {
    await makeDeepFolder(folder);
  } catch (error) {
    throw toFailure(error, `the folder "${folder}" cannot be made`);
  }
}

/** Makes the folders between `root` and `file` one by one, and refuses where a link would lead elsewhere. */
async function makeFoldersWithoutLinks(root: string, file: string): Promise<void> {
  const components = path.relative(root, file).split(path.sep);
  let at = root;
  await makeFolders(root);
  for (const [index, component] of components.entries()) {
    at = path.join(at, component);
    const isLast = index === components.length - 1;
    if (!isLast) {
      await mkdir(at).catch((error: unknown) => {
        if (codeOf(error) !== 'EEXIST') throw toFailure(error, `the folder "${at}" cannot be made`);
      });
    }
    const there = await lstat(at).catch(() => undefined);
    if (there?.isSymbolicLink() === true) {
      throw new Failure(
        'ACCESS_DENIED',
        `"${at}" is a symbolic link, which a name from the network is not followed through; choose an output`,
      );
    }
    if (!isLast && there?.isDirectory() !== true) throw new Failure('ALREADY_EXISTS', `"${at}" is no folder; choose an output`);
  }
}

async function syncPath(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the new name durable. Not every file system can; the file itself was synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
