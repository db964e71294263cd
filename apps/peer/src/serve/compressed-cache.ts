import type { FileId } from '@p2p/protocol';
import type { CompressingCodec } from './compressor.js';

/** Which segment, in which codec. */
export interface CompressedKey {
  readonly file: FileId;
  readonly segment: number;
  readonly codec: CompressingCodec;
}

/**
 * Compressed segments for the next downloader, the least recently used dropped first. Keyed by content, so what is here
 * is right whatever became of the file on disk.
 */
export class CompressedCache {
  readonly #bytesMax: number;
  readonly #entries = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(options: { readonly bytesMax: number }) {
    this.#bytesMax = options.bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: CompressedKey): Uint8Array | undefined {
    const text = textOf(key);
    const found = this.#entries.get(text);
    if (found === undefined) return undefined;
    this.#entries.delete(text);
    this.#entries.set(text, found);
    return found;
  }

  put(key: CompressedKey, compressed: Uint8Array): void {
    const text = textOf(key);
    if (compressed.length > this.#bytesMax || this.#entries.has(text)) return;
    this.#entries.set(text, compressed);
    this.#bytes += compressed.length;
    for (const [oldest, bytes] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#entries.delete(oldest);
      this.#bytes -= bytes.length;
    }
  }
}

function textOf({ file, segment, codec }: CompressedKey): string {
  return `${file}:${segment}:${codec}`;
}
