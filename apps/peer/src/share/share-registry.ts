import { Failure, type FileId, type Manifest } from '@p2p/protocol';
import type { Holdings } from '../holdings/holdings.js';
import { HOLDINGS_MAX } from '../limits.js';
import { sameFingerprint, type Fingerprint } from './fingerprint.js';
import type { OpenFiles } from './open-files.js';
import { SharedFile, type SharedCopy } from './shared-file.js';
import type { ShareRoot } from './share-root.js';
import type { Share } from './shares.js';

/** Why a path is shared under a name. */
export interface Claim {
  readonly name: string;
  readonly root: ShareRoot;
}

export interface ShareRegistryComponents {
  readonly holdings: Holdings;
  readonly openFiles: OpenFiles;
  /** A copy turned out not to be what was hashed. It may have been dropped since. */
  onChanged(copy: SharedCopy): void;
}

/**
 * What is shared now: paths, the contents they have and the names they go by. Several paths with one content are one
 * holding with several copies; the holding goes with the last of them.
 */
export class ShareRegistry {
  readonly #components: ShareRegistryComponents;
  readonly #copies = new Map<string, SharedCopy>();
  readonly #contents = new Map<FileId, SharedFile>();
  #claimCount = 0;

  constructor(components: ShareRegistryComponents) {
    this.#components = components;
  }

  copyAt(path: string): SharedCopy | undefined {
    return this.#copies.get(path);
  }

  content(file: FileId): SharedFile | undefined {
    return this.#contents.get(file);
  }

  /** All copies, in the order they were added; may be iterated while they change. */
  copies(): MapIterator<SharedCopy> {
    return this.#copies.values();
  }

  list(): readonly Share[] {
    return [...this.#copies.values()].flatMap(sharesOf);
  }

  /**
   * Shares a path that was hashed. A copy at that path with another fingerprint must have been dropped. Throws
   * `LIMIT_EXCEEDED`, and then shares nothing of it.
   */
  add(
    found: { readonly path: string; readonly fingerprint: Fingerprint; readonly file: FileId; readonly manifest: Manifest },
    claims: readonly Claim[],
  ): SharedCopy {
    const present = this.#copies.get(found.path);
    if (present !== undefined) {
      if (present.content.file !== found.file || !sameFingerprint(present.fingerprint, found.fingerprint)) {
        throw new Failure('FILE_CHANGED', `${found.path} changed while it was hashed`);
      }
      for (const claim of claims) this.claim(present, claim);
      return present;
    }
    if (this.#claimCount + claims.length > HOLDINGS_MAX) {
      throw new Failure('LIMIT_EXCEEDED', `${this.#claimCount} files are shared; at most ${HOLDINGS_MAX} can be. Unshare some`);
    }
    const known = this.#contents.get(found.file);
    const content = known ?? new SharedFile(found.file, found.manifest, this.#components);
    const copy: SharedCopy = { path: found.path, fingerprint: found.fingerprint, content, claims: [...claims] };
    content.copies.push(copy);
    if (known === undefined) {
      // The store may refuse, and then there is nothing to undo.
      this.#components.holdings.add(content);
      this.#contents.set(content.file, content);
    }
    this.#copies.set(copy.path, copy);
    this.#claimCount += claims.length;
    if (known !== undefined) this.#components.holdings.updated(content.file);
    return copy;
  }

  /** Shares a copy under one more name, or for one more reason. */
  claim(copy: SharedCopy, claim: Claim): void {
    if (copy.claims.some((other) => other.name === claim.name && other.root === claim.root)) return;
    const isNewName = copy.claims.every((other) => other.name !== claim.name);
    copy.claims.push(claim);
    this.#claimCount++;
    if (isNewName) this.#components.holdings.updated(copy.content.file);
  }

  /** Takes a copy out; returns why it was shared. `changed`: the file on disk is not what it was. */
  drop(copy: SharedCopy, reason: 'withdrawn' | 'changed'): readonly Claim[] {
    const { content } = copy;
    if (this.#copies.get(copy.path) !== copy) return [];
    const names = content.names.length;
    this.#copies.delete(copy.path);
    this.#claimCount -= copy.claims.length;
    content.copies.splice(content.copies.indexOf(copy), 1);
    this.#components.openFiles.forget(copy.path);
    if (content.copies.length === 0) {
      this.#contents.delete(content.file);
      this.#components.holdings.remove(content.file, reason);
    } else if (content.names.length !== names) this.#components.holdings.updated(content.file);
    return copy.claims;
  }

  /** Takes out the claims that `isDropped` says, and copies that have no other; returns the shares that are gone. */
  dropClaims(isDropped: (claim: Claim, copy: SharedCopy) => boolean): readonly Share[] {
    const gone: Share[] = [];
    for (const copy of [...this.#copies.values()]) {
      const kept = copy.claims.filter((claim) => !isDropped(claim, copy));
      if (kept.length === copy.claims.length) continue;
      const keptNames = new Set(kept.map((claim) => claim.name));
      gone.push(...sharesOf(copy).filter((share) => !keptNames.has(share.name)));
      if (kept.length === 0) {
        this.drop(copy, 'withdrawn');
        continue;
      }
      this.#claimCount -= copy.claims.length - kept.length;
      copy.claims.splice(0, copy.claims.length, ...kept);
      this.#components.holdings.updated(copy.content.file);
    }
    return gone;
  }
}

/** One share a name, whatever number of reasons there are for it. */
export function sharesOf(copy: SharedCopy): readonly Share[] {
  const byName = new Map<string, Share>();
  for (const { name, root } of copy.claims) {
    if (byName.has(name)) continue;
    byName.set(name, { id: copy.content.file, name, path: copy.path, bytes: copy.content.manifest.fileBytes, origin: root.origin });
  }
  return [...byName.values()];
}
