import { access, constants, lstat, stat } from 'node:fs/promises';
import path from 'node:path';
import { assertFileName, Failure } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import { PARTIAL_FOLDER } from './part-paths.js';

/** Where a download ends up. */
export interface OutputPath {
  readonly path: string;
  /** Whether a person chose it; otherwise it follows from a name from the network, and is trusted less. */
  readonly chosen: boolean;
}

/**
 * Where the file named `name` goes: to `output` when a person gave one (into it, when it is a folder), else under
 * `downloadsFolder`. Writes nothing. Throws `BAD_NAME`, `BAD_REQUEST` for a relative output, `ACCESS_DENIED`,
 * `ALREADY_EXISTS` when something that is no folder is in the way.
 */
export async function resolveOutput(options: {
  readonly downloadsFolder: string;
  readonly name: string;
  readonly output?: string;
}): Promise<OutputPath> {
  assertFileName(options.name);
  if (options.output === undefined) return { path: downloadPath(options.downloadsFolder, options.name), chosen: false };
  if (!path.isAbsolute(options.output) || options.output.includes('\0')) {
    throw new Failure('BAD_REQUEST', `the output "${options.output.slice(0, 200)}" is not an absolute path`);
  }
  const wantsFolder = options.output.endsWith('/') || (await isFolder(options.output));
  const chosen = path.resolve(options.output);
  const file = wantsFolder ? path.join(chosen, path.posix.basename(options.name)) : chosen;
  await assertCanHold(path.dirname(file));
  return { path: file, chosen: true };
}

function downloadPath(downloadsFolder: string, name: string): string {
  const file = path.resolve(downloadsFolder, ...name.split('/'));
  const [top] = path.relative(downloadsFolder, file).split(path.sep);
  // The schema of names already forbids what leads out; this is the last line of defence, and the parts are ours.
  if (top === undefined || top === '' || top === '..' || path.isAbsolute(top) || top.toLowerCase() === PARTIAL_FOLDER) {
    throw new Failure('BAD_NAME', `a file named "${name.slice(0, 200)}" cannot be put into the downloads folder; choose an output for it`);
  }
  return file;
}

/** What is at a path, itself and not what it links to. */
export async function lstatIfThere(file: string) {
  try {
    return await lstat(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw toFailure(error, `"${file}" cannot be looked at`);
  }
}

/**
 * Says early what would fail in the end. A file of the right size may be the very file, which only its hash can tell.
 * Throws `ALREADY_EXISTS`.
 */
export async function assertOutputFree(
  output: OutputPath,
  wanted: { readonly fileBytes: number; readonly overwrite: boolean },
): Promise<void> {
  const there = await lstatIfThere(output.path);
  if (there === undefined) return;
  if (there.isDirectory()) throw new Failure('ALREADY_EXISTS', `a folder is at "${output.path}"; choose another output`);
  if (!there.isFile() && !there.isSymbolicLink())
    throw new Failure('ALREADY_EXISTS', `what is at "${output.path}" is no file; choose another output`);
  if (wanted.overwrite || (there.isFile() && there.size === wanted.fileBytes)) return;
  throw new Failure('ALREADY_EXISTS', `another file of ${there.size} bytes is at "${output.path}"; choose another output, or overwrite it`);
}

/** Whether `folder` is there and can be written to, or can be made. Throws `ALREADY_EXISTS`, `ACCESS_DENIED`. */
async function assertCanHold(folder: string): Promise<void> {
  for (let at = folder; ; at = path.dirname(at)) {
    try {
      if (!(await stat(at)).isDirectory()) throw new Failure('ALREADY_EXISTS', `"${at}" is no folder, so "${folder}" cannot be made`);
      await access(at, constants.W_OK);
      return;
    } catch (error) {
      const failure = toFailure(error, `"${at}" cannot be written to`);
      if (failure.code !== 'NOT_FOUND' || at === path.dirname(at)) throw failure;
    }
  }
}

async function isFolder(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch {
    // Not there, or not to be seen: then it is no folder to put something into, and what is wrong shows later.
    return false;
  }
}
