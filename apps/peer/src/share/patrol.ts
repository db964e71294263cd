import { fingerprintAt, fingerprintText, sameFingerprint } from './fingerprint.js';
import type { ShareIndex } from './share-index.js';
import type { ShareRegistry } from './share-registry.js';
import type { ShareRoot } from './share-root.js';
import type { SharedCopy } from './shared-file.js';

export interface PatrolComponents {
  readonly registry: ShareRegistry;
  readonly index: ShareIndex;
  /** A shared file is not what was hashed. */
  onChanged(copy: SharedCopy): void;
  /** A file that was given and is not shared is there now, or looks different from when it could not be shared. */
  onAppeared(root: ShareRoot): void;
}

/** Looks at shared files in turn, a bounded number a round, for what no event told of: other file systems tell of none. */
export class Patrol {
  readonly #components: PatrolComponents;
  readonly #filesPerRound: number;
  /** What a file that is not shared looked like, so that one that cannot be shared is not tried again and again. */
  readonly #seen = new WeakMap<ShareRoot, string>();
  #copies: Iterator<SharedCopy, undefined> | undefined;
  #roots: Iterator<ShareRoot, undefined> | undefined;

  constructor(components: PatrolComponents, options: { readonly filesPerRound: number }) {
    this.#components = components;
    this.#filesPerRound = options.filesPerRound;
  }

  async round(signal: AbortSignal): Promise<void> {
    this.#copies ??= this.#components.registry.copies();
    for (let looked = 0; looked < this.#filesPerRound && !signal.aborted; looked++) {
      const copy = this.#copies.next().value;
      if (copy === undefined) {
        this.#copies = undefined;
        break;
      }
      await this.#lookAtCopy(copy);
    }
    this.#roots ??= this.#components.index.roots.values();
    for (let looked = 0; looked < this.#filesPerRound && !signal.aborted; looked++) {
      const root = this.#roots.next().value;
      if (root === undefined) {
        this.#roots = undefined;
        break;
      }
      if (root.kind === 'file' && this.#components.registry.copyAt(root.path) === undefined) await this.#lookAtRoot(root);
    }
  }

  async #lookAtCopy(copy: SharedCopy): Promise<void> {
    // A disk that fails to answer has not changed the file; reading it will fail with what is wrong.
    const fingerprint = await fingerprintAt(copy.path).catch(() => copy.fingerprint);
    if (fingerprint === undefined || !sameFingerprint(fingerprint, copy.fingerprint)) this.#components.onChanged(copy);
  }

  async #lookAtRoot(root: ShareRoot): Promise<void> {
    const fingerprint = await fingerprintAt(root.path).catch(() => undefined);
    const state = fingerprint === undefined ? 'gone' : fingerprintText(fingerprint);
    if (this.#seen.get(root) === state) return;
    this.#seen.set(root, state);
    if (fingerprint !== undefined && this.#components.index.has(root)) this.#components.onAppeared(root);
  }
}
