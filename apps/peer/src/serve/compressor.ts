import { constants, deflate, zstdCompress, type ZlibOptions, type ZstdOptions } from 'node:zlib';
import type { Codec } from '@p2p/protocol';
import { COMPRESSIONS_MAX } from '../limits.js';

export type CompressingCodec = Exclude<Codec, 'identity'>;

/** What was measured on the machine that P2P was planned on, in bytes a second; replaced by what this one does. */
const FIRST_GUESS_BYTES_PER_SECOND: Readonly<Record<CompressingCodec, number>> = { deflate: 200e6, zstd: 400e6 };

/** Weight of the newest measurement. */
const NEWEST_WEIGHT = 0.2;

/** Compresses in libuv's threads, a few segments at a time, and knows how fast it does. */
export class Compressor {
  readonly #bytesPerSecond = { ...FIRST_GUESS_BYTES_PER_SECOND };
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** Bytes of raw input that one thread takes a second. */
  bytesPerSecond(codec: CompressingCodec): number {
    return this.#bytesPerSecond[codec];
  }

  /** A promise of the compressed bytes, in memory of their own. Who asks holds a lease, which bounds how many wait. */
  async compress(codec: CompressingCodec, bytes: Uint8Array): Promise<Uint8Array> {
    // A slot is handed over, not freed and taken, so that none slips in between.
    if (this.#running < COMPRESSIONS_MAX) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const startedAt = performance.now();
    try {
      const compressed = await run(codec, bytes);
      const seconds = Math.max((performance.now() - startedAt) / 1000, 1e-6);
      this.#bytesPerSecond[codec] += NEWEST_WEIGHT * (bytes.length / seconds - this.#bytesPerSecond[codec]);
      return compressed;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

function run(codec: CompressingCodec, bytes: Uint8Array): Promise<Uint8Array> {
  // One output chunk as large as the input: the result of what compresses is in one piece, with nothing to join.
  const chunkSize = Math.max(bytes.length, 1024);
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, result: Buffer): void => {
      // Most of the chunk is empty where the data compresses well, and the result may be kept: only it is.
      if (error === null) resolve(new Uint8Array(result));
      else reject(error);
    };
    if (codec === 'deflate') deflate(bytes, { level: constants.Z_BEST_SPEED, chunkSize } satisfies ZlibOptions, done);
    else zstdCompress(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize } satisfies ZstdOptions, done);
  });
}
