import type { Codec, FileId } from '@p2p/protocol';
import { chooseCodec, type CompressionMode } from '@p2p/transfer';
import { SAMPLE_BYTES, SAMPLE_EVERY_SEGMENTS, SAMPLED_FILES_MAX } from '../limits.js';
import type { CompressedCache } from './compressed-cache.js';
import type { Compressor } from './compressor.js';
import { SampledRatios, type Ratios } from './sampled-ratios.js';

/** A segment to be encoded, and for whom. */
export interface EncodeRequest {
  readonly file: FileId;
  readonly segment: number;
  readonly accepted: readonly Codec[];
  readonly receiverBound: boolean;
  readonly linkBytesPerSecond: number | undefined;
}

/** Bytes to send. `identity` means those that were given. */
export interface EncodedSegment {
  readonly codec: Codec;
  readonly bytes: Uint8Array;
}

export interface SegmentEncoderComponents {
  readonly compressor: Compressor;
  readonly cache: CompressedCache;
}

/** Encodes segments in the codec that makes them arrive soonest. What does not become smaller is sent as it is. */
export class SegmentEncoder {
  readonly #components: SegmentEncoderComponents;
  readonly #mode: CompressionMode;
  readonly #ratios: SampledRatios;

  constructor(components: SegmentEncoderComponents, options: { readonly mode: CompressionMode }) {
    this.#components = components;
    this.#mode = options.mode;
    this.#ratios = new SampledRatios(components.compressor, {
      filesMax: SAMPLED_FILES_MAX,
      everySegments: SAMPLE_EVERY_SEGMENTS,
      sampleBytes: SAMPLE_BYTES,
    });
  }

  /** What is there already, so that the segment need not even be read. */
  remembered(request: EncodeRequest): EncodedSegment | undefined {
    const codec = this.#mode === 'always' ? alwaysCodec(request) : this.#choose(request, this.#ratios.get(request.file));
    if (codec === 'identity') return undefined;
    const bytes = this.#components.cache.get({ file: request.file, segment: request.segment, codec });
    return bytes === undefined ? undefined : { codec, bytes };
  }

  /** Encodes `raw`. The result is `raw` itself, or compressed bytes in memory of their own. */
  async encode(request: EncodeRequest, raw: Uint8Array): Promise<EncodedSegment> {
    const identity: EncodedSegment = { codec: 'identity', bytes: raw };
    if (this.#mode === 'never' || request.accepted.every((codec) => codec === 'identity')) return identity;
    // On a link that outruns the codecs nothing would come of a sample.
    if (this.#mode === 'auto' && this.#choose(request, BEST_CASE) === 'identity') return identity;
    // Always means whatever compresses, so each segment is sampled by itself: a file can be half text and half noise.
    const sample = this.#mode === 'always' ? await this.#ratios.sample(raw) : await this.#ratios.observe(request.file, raw);
    const codec = this.#choose(request, sample);
    if (codec === 'identity') return identity;
    const { cache, compressor } = this.#components;
    const key = { file: request.file, segment: request.segment, codec };
    const bytes = cache.get(key) ?? (await compressor.compress(codec, raw));
    if (bytes.length >= raw.length) return identity;
    cache.put(key, bytes);
    return { codec, bytes };
  }

  #choose(request: EncodeRequest, sample: Ratios | undefined): Codec {
    const { compressor } = this.#components;
    return chooseCodec({
      mode: this.#mode,
      accepted: request.accepted,
      sample,
      linkBytesPerSecond: request.linkBytesPerSecond,
      deflateBytesPerSecond: compressor.bytesPerSecond('deflate'),
      zstdBytesPerSecond: compressor.bytesPerSecond('zstd'),
      // What the asker can decode is not told; that it is the bottleneck is.
      inflateBytesPerSecond: Infinity,
      unzstdBytesPerSecond: Infinity,
      receiverBound: request.receiverBound,
    });
  }
}

/** Data that compresses to nothing. */
const BEST_CASE: Ratios = { deflateRatio: 0, zstdRatio: 0 };

function alwaysCodec(request: EncodeRequest): Codec {
  return request.accepted.includes('deflate') ? 'deflate' : 'identity';
}
