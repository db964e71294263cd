import { Bitmap, Failure, segmentLengthOf, type FileId, type Manifest } from '@p2p/protocol';
import type { Holding } from '../holdings/holding.js';
import type { Fingerprint } from './fingerprint.js';
import type { OpenFiles } from './open-files.js';
import type { ShareRoot } from './share-root.js';

/** One path on disk with a content that is shared. */
export interface SharedCopy {
  readonly path: string;
  readonly fingerprint: Fingerprint;
  readonly content: SharedFile;
  /** Under which names, and because of what. At least one. */
  readonly claims: { readonly name: string; readonly root: ShareRoot }[];
}

export interface SharedFileComponents {
  readonly openFiles: OpenFiles;
  /** A copy turned out not to be what was hashed. */
  onChanged(copy: SharedCopy): void;
}

/** A content that is shared from disk, under all its names, read from whichever copy is still right. */
export class SharedFile implements Holding {
  readonly file: FileId;
  readonly manifest: Manifest;
  readonly copies: SharedCopy[] = [];
  readonly #components: SharedFileComponents;
  #verified: Bitmap | undefined;
  #lastNames: readonly string[] = [];

  constructor(file: FileId, manifest: Manifest, components: SharedFileComponents) {
    this.file = file;
    this.manifest = manifest;
    this.#components = components;
  }

  /** The last known names where no copy is left: who hears of the removal wants to say what was removed. */
  get names(): readonly string[] {
    if (this.copies.length > 0) this.#lastNames = [...new Set(this.copies.flatMap((copy) => copy.claims.map((claim) => claim.name)))];
    return this.#lastNames;
  }

  /** Made when first asked for: most of 100 000 shared files are never downloaded. */
  get verified(): Bitmap {
    return (this.#verified ??= Bitmap.full(this.manifest.segmentCount));
  }

  async read(index: number, target: Uint8Array): Promise<number> {
    const { fileBytes, segmentBytes, segmentCount } = this.manifest;
    if (!(index >= 0 && index < segmentCount)) throw new Failure('NOT_HELD', `segment ${index} was asked for of a file of ${segmentCount}`);
    const length = segmentLengthOf(fileBytes, index);
    let failure: Failure | undefined;
    for (const copy of [...this.copies]) {
      try {
        await this.#components.openFiles.read(copy.path, copy.fingerprint, { target, length, position: index * segmentBytes });
        return length;
      } catch (cause) {
        if (!(cause instanceof Failure)) throw cause;
        failure = cause;
        if (cause.code === 'FILE_CHANGED') this.#components.onChanged(copy);
      }
    }
    throw failure ?? new Failure('FILE_CHANGED', 'the file is not shared any more');
  }
}
