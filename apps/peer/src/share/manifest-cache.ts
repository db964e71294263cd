import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import { join } from 'node:path';
import { blake3 } from '@napi-rs/blake-hash';
import { decodeManifest, HASH_BYTES, MANIFEST_BYTES_MAX, type FileId, type Manifest } from '@p2p/protocol';
import { toFailure, type Logger } from '@p2p/service';
import { fingerprintText, isGone, type Fingerprint } from './fingerprint.js';

/** A manifest and the id it has. */
export interface RememberedManifest {
  readonly file: FileId;
  readonly manifest: Manifest;
}

export interface ManifestCacheOptions {
  readonly directory: string;
  /** Entries on disk; the oldest are evicted. */
  readonly entriesMax: number;
  readonly logger: Logger;
}

/**
 * Manifests of hashed files, on disk, so that an unchanged file is not hashed again after a restart. One file each:
 * the manifest's BLAKE3, then the manifest, under a name made from the path and the fingerprint of what was hashed.
 *
 * An entry is renamed into place but not synced: after a power cut a torn one does not match its hash and is only a
 * miss, while a sync would cost some milliseconds for each of 100 000 small files.
 */
export class ManifestCache {
  readonly #options: ManifestCacheOptions;
  /** Names of the entries, oldest first. */
  readonly #names = new Set<string>();

  constructor(options: ManifestCacheOptions) {
    this.#options = options;
  }

  /** Makes the directory and learns what is there. Throws `ACCESS_DENIED`, `DISK_FULL`, `DISK_FAILED`. */
  async start(): Promise<void> {
    const { directory } = this.#options;
    try {
      await fs.mkdir(directory, { recursive: true, mode: 0o700 });
      const entries: { name: string; mtimeMs: number }[] = [];
      for await (const { name } of await fs.opendir(directory)) {
        if (!name.endsWith('.bin')) {
          await this.#discard(name);
          continue;
        }
        entries.push({ name, mtimeMs: (await fs.stat(join(directory, name))).mtimeMs });
      }
      entries.sort((left, right) => left.mtimeMs - right.mtimeMs);
      for (const { name } of entries) this.#names.add(name);
    } catch (cause) {
      throw toFailure(cause, `cannot use ${directory}`);
    }
    await this.#evict();
  }

  /** The manifest of the file at `path` in this state, if it is remembered. */
  async load(path: string, fingerprint: Fingerprint): Promise<RememberedManifest | undefined> {
    const name = entryName(path, fingerprint);
    if (!this.#names.has(name)) return undefined;
    try {
      const stored = await fs.readFile(join(this.#options.directory, name));
      // A copy of its own: small files are read into a shared pool, of which a view would keep all alive.
      const bytes = new Uint8Array(stored.subarray(HASH_BYTES));
      const hash = blake3(bytes);
      if (bytes.length > MANIFEST_BYTES_MAX || !hash.equals(stored.subarray(0, HASH_BYTES))) throw new Error('it does not match its hash');
      const manifest = decodeManifest(bytes);
      if (BigInt(manifest.fileBytes) !== fingerprint.size) throw new Error('it is of a file of another size');
      return { file: hash.toString('hex'), manifest };
    } catch (error) {
      this.#options.logger.warn('manifest_forgotten', { path, entry: name, error });
      await this.forget(path, fingerprint);
      return undefined;
    }
  }

  /** Remembers a manifest. A disk that refuses costs a hash after the next restart, no more, so it is logged only. */
  async store(path: string, fingerprint: Fingerprint, manifest: Manifest): Promise<void> {
    const { directory, logger } = this.#options;
    const name = entryName(path, fingerprint);
    const temporary = join(directory, `${name}.${randomBytes(4).toString('hex')}.tmp`);
    try {
      await fs.writeFile(temporary, [blake3(manifest.bytes), manifest.bytes], { mode: 0o600 });
      await fs.rename(temporary, join(directory, name));
      this.#names.delete(name);
      this.#names.add(name);
    } catch (error) {
      logger.warn('manifest_not_remembered', { path, error });
      await this.#discard(temporary.slice(directory.length + 1));
    }
    await this.#evict();
  }

  /** Forgets an entry that is no longer true. */
  async forget(path: string, fingerprint: Fingerprint): Promise<void> {
    const name = entryName(path, fingerprint);
    this.#names.delete(name);
    await this.#discard(name);
  }

  async #evict(): Promise<void> {
    for (const name of this.#names) {
      if (this.#names.size <= this.#options.entriesMax) return;
      this.#names.delete(name);
      await this.#discard(name);
    }
  }

  async #discard(name: string): Promise<void> {
    try {
      await fs.unlink(join(this.#options.directory, name));
    } catch (error) {
      if (!isGone(error)) this.#options.logger.warn('manifest_not_removed', { entry: name, error });
    }
  }
}

function entryName(path: string, fingerprint: Fingerprint): string {
  const key = blake3(`${fingerprintText(fingerprint)}\0${path}`).subarray(0, HASH_BYTES / 2);
  return `${key.toString('hex')}.bin`;
}
