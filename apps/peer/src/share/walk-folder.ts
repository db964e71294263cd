import fs from 'node:fs/promises';
import { Failure, fileNameProblem, NAME_COMPONENTS_MAX } from '@p2p/protocol';
import { toFailure } from '@p2p/service';

/** What a walk comes across: a file with its path from the folder, or something that cannot be shared. */
export type WalkedEntry =
  | { readonly kind: 'file'; readonly path: string; /** Components joined by "/". */ readonly relative: string; readonly bytes: number }
  | { readonly kind: 'failed'; readonly path: string; readonly failure: Failure };

export interface WalkOptions {
  readonly signal: AbortSignal;
  /** Whether what a path really is must not be shared: this peer's own data. Asked where the walk begins and at every link. */
  isPrivate(realPath: string): boolean;
}

interface Folder {
  readonly path: string;
  readonly relative: string;
  readonly depth: number;
  /** `dev:ino` of this folder and those above. */
  readonly above: readonly string[];
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Walks a folder and everything below it. Symbolic links are followed; one that leads to a folder it is in is left out,
 * so that the walk ends. Names that begin with "." are left out: hidden files are not meant to be shared, and a mounted
 * ConfigMap keeps its versions in `..data` while the files it means link into it. Sockets, pipes and devices are left
 * out. Names are taken byte for byte (no Unicode normalisation). Throws what the folder itself cannot be read for.
 */
export async function* walkFolder(path: string, options: WalkOptions): AsyncGenerator<WalkedEntry> {
  try {
    const stats = await fs.stat(path, { bigint: true });
    await refusePrivate(path, options);
    yield* walk({ path, relative: '', depth: 0, above: [`${stats.dev}:${stats.ino}`] }, options);
  } catch (cause) {
    throw toFailure(cause);
  }
}

async function* walk(folder: Folder, options: WalkOptions): AsyncGenerator<WalkedEntry> {
  // Names as bytes: one that is not UTF-8 would otherwise come out as a name that no file has.
  const directory = await fs.opendir(folder.path, { encoding: 'buffer' as BufferEncoding });
  for await (const entry of directory) {
    if (options.signal.aborted) throw new Failure('CANCELLED', 'sharing was stopped');
    const bytes = entry.name as unknown as Buffer;
    if (bytes[0] === DOT) continue;
    const shown = `${folder.path}/${bytes.toString('utf8')}`;
    try {
      const name = nameFrom(bytes);
      const relative = folder.relative === '' ? name : `${folder.relative}/${name}`;
      yield* visit({ path: `${folder.path}/${name}`, relative, isLink: entry.isSymbolicLink() }, folder, options);
    } catch (cause) {
      const failure = toFailure(cause);
      if (failure.code === 'CANCELLED') throw failure;
      yield { kind: 'failed', path: shown, failure };
    }
  }
}

const DOT = 0x2e;

async function* visit(
  entry: { readonly path: string; readonly relative: string; readonly isLink: boolean },
  folder: Folder,
  options: WalkOptions,
): AsyncGenerator<WalkedEntry> {
  // A file system that does not tell types in its folders says "other" for everything, so only stat knows.
  const stats = await fs.stat(entry.path, { bigint: true });
  if (entry.isLink || stats.isDirectory()) await refusePrivate(entry.path, options);
  if (stats.isFile()) {
    yield { kind: 'file', path: entry.path, relative: entry.relative, bytes: Number(stats.size) };
  } else if (stats.isDirectory()) {
    const key = `${stats.dev}:${stats.ino}`;
    if (folder.above.includes(key)) return;
    if (folder.depth + 1 >= NAME_COMPONENTS_MAX) {
      throw new Failure('BAD_NAME', `the folder is ${folder.depth + 1} levels deep; names have at most ${NAME_COMPONENTS_MAX} components`);
    }
    yield* walk({ path: entry.path, relative: entry.relative, depth: folder.depth + 1, above: [...folder.above, key] }, options);
  }
}

/** A component from a folder as text, if a shared file's name can have it. */
function nameFrom(bytes: Buffer): string {
  let name: string;
  try {
    name = utf8.decode(bytes);
  } catch (cause) {
    throw new Failure('BAD_NAME', 'the name is not UTF-8; rename it to share it', { cause });
  }
  const problem = fileNameProblem(name);
  if (problem !== undefined) throw new Failure('BAD_NAME', problem);
  return name;
}

async function refusePrivate(path: string, options: WalkOptions): Promise<void> {
  if (options.isPrivate(await fs.realpath(path))) {
    throw new Failure('ACCESS_DENIED', `${path} is this peer's own data; share its downloads folder instead`);
  }
}
