import { blake3 } from '@napi-rs/blake-hash';
import { decodeManifest, encodeManifest, Failure, MANIFEST_BYTES_MAX, type FileId, type Manifest, type PeerId } from '@p2p/protocol';
import { toFailure, type Logger } from '@p2p/service';
import type { PeerLink } from '../links/peer-link.js';
import { MANIFEST_FETCHES_MAX, MANIFEST_HEDGE_MS } from '../limits.js';
import type { Clock } from './clock.js';

/** Decodes bytes that must be the manifest of `file`. Throws `CORRUPT` when they are not, `VERSION_MISMATCH`, `LIMIT_EXCEEDED`. */
export function checkedManifest(file: FileId, bytes: Uint8Array): Manifest {
  const hash = blake3(bytes).toString('hex');
  if (hash !== file) throw new Failure('CORRUPT', `a manifest has the hash ${hash}; the file id is ${file}`);
  return decodeManifest(bytes);
}

/** Whether `file` is the id of the empty file. */
export function isEmptyFile(file: FileId): boolean {
  return blake3(encodeManifest(0, new Uint8Array(0)).bytes).toString('hex') === file;
}

/** The manifest of an empty file needs no holder. Throws `CORRUPT` when `file` is not the id of one. */
export function emptyFileManifest(file: FileId): Manifest {
  const manifest = encodeManifest(0, new Uint8Array(0));
  return checkedManifest(file, manifest.bytes);
}

export interface ManifestFetcherOptions {
  readonly file: FileId;
  readonly onManifest: (manifest: Manifest) => void;
  /** What this holder sent is not the manifest. */
  readonly onRejected: (holder: PeerId, failure: Failure) => void;
}

/**
 * Gets the manifest from any holder: asks one, the next when it fails or takes long, a few at once at most. The first
 * that hashes to the file id is it. How long it must be nobody can be believed to know: the catalogue's word about the
 * file's size is whichever peer's that announced it first.
 */
export class ManifestFetcher {
  readonly #components: { readonly clock: Clock; readonly logger: Logger };
  readonly #options: ManifestFetcherOptions;
  /** Holders not asked yet. */
  readonly #untried = new Map<PeerId, PeerLink>();
  #asked = 0;
  #cancelHedge: (() => void) | undefined;
  #isClosed = false;

  constructor(components: { readonly clock: Clock; readonly logger: Logger }, options: ManifestFetcherOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Requests under way. */
  get askedCount(): number {
    return this.#asked;
  }

  /** Another holder that can be asked, or one that is connected again. */
  add(link: PeerLink): void {
    this.#untried.set(link.holder.peer, link);
    if (this.#asked === 0) this.#askNext();
    else this.#hedgeLater();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelHedge?.();
    this.#untried.clear();
  }

  #askNext(): void {
    const [next] = this.#untried;
    if (this.#isClosed || next === undefined || this.#asked >= MANIFEST_FETCHES_MAX) return;
    const [peer, link] = next;
    this.#untried.delete(peer);
    this.#asked++;
    void this.#ask(link).finally(() => {
      this.#asked--;
      this.#askNext();
    });
    this.#hedgeLater();
  }

  #hedgeLater(): void {
    this.#cancelHedge?.();
    this.#cancelHedge = undefined;
    if (this.#isClosed || this.#untried.size === 0) return;
    this.#cancelHedge = this.#components.clock.wait(MANIFEST_HEDGE_MS, () => this.#askNext());
  }

  async #ask(link: PeerLink): Promise<void> {
    const { file } = this.#options;
    const holder = link.holder.peer;
    try {
      const bytes = await link.fetchManifest(file, MANIFEST_BYTES_MAX);
      if (this.#isClosed) return;
      const manifest = checkedManifest(file, bytes);
      this.close();
      this.#options.onManifest(manifest);
    } catch (error) {
      if (this.#isClosed) return;
      const failure = toFailure(error);
      this.#components.logger.debug('download.manifest_refused', { source: holder, code: failure.code, message: failure.message });
      if (failure.code === 'CORRUPT' || failure.code === 'VERSION_MISMATCH') this.#options.onRejected(holder, failure);
    }
  }
}
