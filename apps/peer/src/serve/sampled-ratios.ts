import type { FileId } from '@p2p/protocol';
import type { Compressor } from './compressor.js';

export interface Ratios {
  readonly deflateRatio: number;
  readonly zstdRatio: number;
}

export interface SampledRatiosOptions {
  readonly filesMax: number;
  readonly everySegments: number;
  readonly sampleBytes: number;
}

/** How well contents compress: sampled on some of their segments, the newest counting half. */
export class SampledRatios {
  readonly #compressor: Compressor;
  readonly #options: SampledRatiosOptions;
  /** The least recently sampled first. */
  readonly #byFile = new Map<FileId, { ratios: Ratios; untilNext: number }>();

  constructor(compressor: Compressor, options: SampledRatiosOptions) {
    this.#compressor = compressor;
    this.#options = options;
  }

  get(file: FileId): Ratios | undefined {
    return this.#byFile.get(file)?.ratios;
  }

  /** Counts a segment that was read and samples it when it is one of those; `segment` is not kept. */
  async observe(file: FileId, segment: Uint8Array): Promise<Ratios> {
    const known = this.#byFile.get(file);
    if (known !== undefined && --known.untilNext > 0) return known.ratios;
    if (known !== undefined) known.untilNext = this.#options.everySegments;
    const fresh = await this.sample(segment);
    const ratios = known === undefined ? fresh : mean(known.ratios, fresh);
    this.#byFile.delete(file);
    this.#byFile.set(file, { ratios, untilNext: this.#options.everySegments });
    for (const oldest of this.#byFile.keys()) {
      if (this.#byFile.size <= this.#options.filesMax) break;
      this.#byFile.delete(oldest);
    }
    return ratios;
  }

  /** How the middle of a segment compresses: its beginning may be a header that is unlike the rest. */
  async sample(segment: Uint8Array): Promise<Ratios> {
    const length = Math.min(segment.length, this.#options.sampleBytes);
    const from = Math.floor((segment.length - length) / 2);
    const sample = segment.subarray(from, from + length);
    const [deflated, zstandard] = await Promise.all([
      this.#compressor.compress('deflate', sample),
      this.#compressor.compress('zstd', sample),
    ]);
    return { deflateRatio: deflated.length / length, zstdRatio: zstandard.length / length };
  }
}

function mean(left: Ratios, right: Ratios): Ratios {
  return { deflateRatio: (left.deflateRatio + right.deflateRatio) / 2, zstdRatio: (left.zstdRatio + right.zstdRatio) / 2 };
}
