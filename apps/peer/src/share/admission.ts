import { Failure } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import type { FileHasher } from './file-hasher.js';
import { fingerprintAt, sameFingerprint, type Fingerprint } from './fingerprint.js';
import type { ManifestCache, RememberedManifest } from './manifest-cache.js';
import type { Claim, ShareRegistry } from './share-registry.js';
import type { ShareIndex } from './share-index.js';
import type { SharedCopy } from './shared-file.js';

export interface AdmissionComponents {
  readonly registry: ShareRegistry;
  readonly hasher: FileHasher;
  readonly cache: ManifestCache;
  readonly index: ShareIndex;
}

export interface Admitted {
  readonly copy: SharedCopy;
  readonly remembered: boolean;
}

/** The one way a file becomes shared: looked at, found among the remembered or hashed, and put into the registry. */
export class Admission {
  readonly #components: AdmissionComponents;
  /** By path, what is being done with it: two events about one path must not hash it twice. */
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(components: AdmissionComponents) {
    this.#components = components;
  }

  /**
   * Shares the file at `path` because of `claims`. What was shared there before and changed is withdrawn, and its
   * claims are joined to these. Throws `NOT_FOUND` (nothing there, or no regular file), `FILE_CHANGED` (it keeps
   * changing), `ACCESS_DENIED`, `DISK_FAILED`, `LIMIT_EXCEEDED`, and `CANCELLED`, also when it was unshared meanwhile.
   */
  async admit(
    path: string,
    claims: readonly Claim[],
    options: { readonly signal: AbortSignal; onProgress?(hashedBytes: number): void },
  ): Promise<Admitted> {
    for (let other = this.#busy.get(path); other !== undefined; other = this.#busy.get(path)) await other;
    const work = this.#admit(path, claims, options);
    this.#busy.set(
      path,
      work.catch(() => undefined),
    );
    try {
      return await work;
    } finally {
      this.#busy.delete(path);
    }
  }

  async #admit(
    path: string,
    claims: readonly Claim[],
    options: { readonly signal: AbortSignal; onProgress?(hashedBytes: number): void },
  ): Promise<Admitted> {
    const { registry } = this.#components;
    const fingerprint = await fingerprintAt(path).catch((cause: unknown) => {
      throw toFailure(cause);
    });
    let present = registry.copyAt(path);
    let all = claims;
    if (present !== undefined && (fingerprint === undefined || !sameFingerprint(present.fingerprint, fingerprint))) {
      all = [...registry.drop(present, 'changed'), ...claims];
      present = undefined;
    }
    if (fingerprint === undefined) throw new Failure('NOT_FOUND', `there is no file at ${path}`);
    if (present !== undefined) {
      for (const claim of this.#stillWanted(unexpectedRefused(claims, present.content.file, path), path)) registry.claim(present, claim);
      return { copy: present, remembered: true };
    }
    const known = await this.#components.cache.load(path, fingerprint);
    const found = known === undefined ? await this.#hash(path, options) : { ...known, fingerprint };
    const copy = registry.add({ path, ...found }, this.#stillWanted(unexpectedRefused(all, found.file, path), path));
    return { copy, remembered: known !== undefined };
  }

  async #hash(
    path: string,
    options: { readonly signal: AbortSignal; onProgress?(hashedBytes: number): void },
  ): Promise<RememberedManifest & { readonly fingerprint: Fingerprint }> {
    const { hasher, cache } = this.#components;
    const hashed = await hasher.hashFile(path, { signal: options.signal, onProgress: (bytes) => options.onProgress?.(bytes) });
    // A write in the same tick of the file system's clock would leave such a fingerprint as it is: not to be trusted later.
    if (hashed.isSettled) await cache.store(path, hashed.fingerprint, hashed.manifest);
    return { file: hashed.file, manifest: hashed.manifest, fingerprint: hashed.fingerprint };
  }

  /** Hashing takes time, in which someone may have unshared what is being hashed. */
  #stillWanted(claims: readonly Claim[], path: string): readonly Claim[] {
    const wanted = claims.filter(({ name, root }, at) => {
      const isFirst = claims.findIndex((other) => other.root === root && other.name === name) === at;
      return isFirst && this.#components.index.has(root) && !root.exceptions.has(name);
    });
    if (wanted.length === 0) throw new Failure('CANCELLED', `${path} is not to be shared any more`);
    return wanted;
  }
}

/** A download that someone edited is no longer what its name promises to others, and nobody asked to share the edited one. */
function unexpectedRefused(claims: readonly Claim[], file: string, path: string): readonly Claim[] {
  const fitting = claims.filter(({ root }) => root.expectedFile === undefined || root.expectedFile === file);
  if (fitting.length === 0) throw new Failure('NOT_FOUND', `${path} is no longer what was downloaded`);
  return fitting;
}
