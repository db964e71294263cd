import { Failure } from '@p2p/protocol';
import { SHARE_EXCEPTIONS_MAX } from '../limits.js';
import type { ShareIndex } from './share-index.js';
import type { Claim, ShareRegistry } from './share-registry.js';
import type { ShareRoot } from './share-root.js';
import type { SharedCopy } from './shared-file.js';
import type { Share } from './shares.js';
import type { WatchedFolders } from './watched-folders.js';

/** Files listed when a name has several. */
const LISTED_MAX = 16;

export interface UnshareComponents {
  readonly index: ShareIndex;
  readonly registry: ShareRegistry;
  readonly folders: WatchedFolders;
}

/**
 * Stops sharing what `target` is: the name or id of a file, the path of a file or folder that was given, or the name
 * that a folder was given. It stays so after a restart. Throws `NOT_FOUND`, `AMBIGUOUS_NAME`, and `LIMIT_EXCEEDED` when
 * a folder has too many exceptions; then nothing has changed.
 */
export async function unshare(target: string, components: UnshareComponents): Promise<readonly Share[]> {
  const { index, registry, folders } = components;
  const given = index.roots.filter((root) => root.origin !== 'folder');
  const roots = given.filter((root) => root.path === target || (root.kind === 'folder' && root.name === target && target !== ''));
  // Given, but not there on disk just now.
  const waiting = given.filter((root) => root.kind === 'file' && root.name === target && registry.copyAt(root.path) === undefined);
  const isOf = (claim: Claim, copy: SharedCopy): boolean =>
    claim.name === target || copy.content.file === target || roots.includes(claim.root);
  const found = [...registry.copies()].flatMap((copy) =>
    copy.claims.filter((claim) => isOf(claim, copy)).map((claim) => ({ claim, file: copy.content.file })),
  );
  if (found.length + roots.length + waiting.length === 0) throw new Failure('NOT_FOUND', `nothing is shared as "${target}"`);
  const files = new Set(found.filter(({ claim }) => !roots.includes(claim.root)).map(({ file }) => file));
  if (files.size > 1) {
    const ids = [...files].slice(0, LISTED_MAX).join(', ');
    throw new Failure('AMBIGUOUS_NAME', `${files.size} contents are shared as "${target}"; name one by its id: ${ids}`);
  }
  const claims = found.map(({ claim }) => claim);
  leaveOut(claims.filter(({ root }) => root.kind === 'folder' && !roots.includes(root)));
  const ended = new Set<ShareRoot>([...roots, ...waiting, ...claims.map(({ root }) => root).filter((root) => root.kind === 'file')]);
  for (const root of ended) {
    index.remove(root);
    await folders.unwatch(root);
  }
  const gone = registry.dropClaims(isOf);
  await index.save();
  return gone;
}

/** Files of a folder that goes on being shared must not come back with the next walk. */
function leaveOut(claims: readonly Claim[]): void {
  const full = claims.find(({ root, name }) => !root.exceptions.has(name) && root.exceptions.size >= SHARE_EXCEPTIONS_MAX);
  if (full !== undefined) {
    const { path, exceptions } = full.root;
    throw new Failure(
      'LIMIT_EXCEEDED',
      `${exceptions.size} files of ${path} are left out already; unshare the folder and share a part of it`,
    );
  }
  for (const { root, name } of claims) root.exceptions.add(name);
}
