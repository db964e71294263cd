import { constants, zstdDecompressSync } from 'node:zlib';
import type { Codec } from '@p2p/protocol';
import { UndecodableError, type Inflater } from './inflater.js';

export interface SegmentDecoderOptions {
  readonly inflater: Inflater;
  readonly zstdWindowLogMax: number;
  readonly segmentBytesMax: number;
  /** Called each time that so many bytes were decompressed. */
  readonly garbageBytesMax: number;
  readonly collectGarbage: () => void;
}

/** Turns the body of a segment into the bytes of the file. Runs in the worker thread. */
export class SegmentDecoder {
  readonly #inflater: Inflater;
  readonly #zstdWindowLogMax: number;
  readonly #scratch: Uint8Array;
  readonly #collectGarbage: () => void;
  readonly #garbageBytesMax: number;
  #garbageBytes = 0;

  constructor(options: SegmentDecoderOptions) {
    this.#inflater = options.inflater;
    this.#zstdWindowLogMax = options.zstdWindowLogMax;
    this.#scratch = new Uint8Array(options.segmentBytesMax);
    this.#collectGarbage = options.collectGarbage;
    this.#garbageBytesMax = options.garbageBytesMax;
  }

  /**
   * The raw bytes: `body` itself, or a scratch buffer that is good until the next call. Throws `UndecodableError` for
   * anything that is not exactly `rawBytes` long, without ever expanding much beyond that.
   */
  decode(codec: Codec, body: Uint8Array, rawBytes: number): Uint8Array {
    if (codec === 'identity') {
      if (body.length !== rawBytes) throw new UndecodableError(`${body.length} of the declared ${rawBytes} bytes`);
      return body;
    }
    this.#garbageBytes += rawBytes;
    if (this.#garbageBytes >= this.#garbageBytesMax) {
      this.#garbageBytes = 0;
      this.#collectGarbage();
    }
    if (codec === 'zstd') return this.#unzstd(body, rawBytes);
    const raw = this.#scratch.subarray(0, rawBytes);
    this.#inflater.inflate(body, raw);
    return raw;
  }

  #unzstd(body: Uint8Array, rawBytes: number): Uint8Array {
    let raw: Buffer;
    try {
      raw = zstdDecompressSync(body, {
        chunkSize: Math.max(rawBytes, 64),
        maxOutputLength: rawBytes,
        params: { [constants.ZSTD_d_windowLogMax]: this.#zstdWindowLogMax },
      });
    } catch (cause) {
      throw new UndecodableError('the zstd decoder refuses it', { cause });
    }
    if (raw.length !== rawBytes) throw new UndecodableError(`${raw.length} of the declared ${rawBytes} bytes`);
    return raw;
  }
}
