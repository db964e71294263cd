import type { Codec } from '@p2p/protocol';
import { CODEC_GAIN_MIN, CODEC_RATIO_MAX } from './limits.js';

/** `P2P_COMPRESSION`. */
export type CompressionMode = 'auto' | 'always' | 'never';

/** What the serving side knows when it is asked for a segment. All speeds in raw bytes a second. */
export interface CodecChoice {
  readonly mode: CompressionMode;
  /** What the asker can decode; identity is always possible. */
  readonly accepted: readonly Codec[];
  /** Encoded over raw bytes of a part of the data, 1 where it does not compress; undefined while nothing was sampled. */
  readonly sample: { readonly deflateRatio: number; readonly zstdRatio: number } | undefined;
  /** Encoded bytes a second that the link drains, measured or by its artificial delay; undefined while unknown. */
  readonly linkBytesPerSecond: number | undefined;
  readonly deflateBytesPerSecond: number;
  readonly zstdBytesPerSecond: number;
  /** How fast the receiver decodes, if known; Infinity otherwise. */
  readonly inflateBytesPerSecond: number;
  readonly unzstdBytesPerSecond: number;
  /** The receiver was lately what the transfer waited for: the measured link says little, and decoding would burden it more. */
  readonly receiverBound: boolean;
}

/**
 * The codec in which a segment is expected to arrive soonest. Compressing the next segment overlaps with sending this
 * one and decoding the last, so the slowest of the three counts. Data that does not compress is sent as it is in every
 * mode.
 */
export function chooseCodec(choice: CodecChoice): Codec {
  if (choice.mode === 'never' || choice.sample === undefined) return 'identity';
  const { deflateRatio, zstdRatio } = choice.sample;
  if (choice.mode === 'always') return choice.accepted.includes('deflate') && deflateRatio < CODEC_RATIO_MAX ? 'deflate' : 'identity';
  const link = choice.linkBytesPerSecond;
  if (link === undefined || !(link > 0) || choice.receiverBound) return 'identity';
  let best: Codec = 'identity';
  let bestSeconds = (1 / link) * (1 - CODEC_GAIN_MIN);
  const consider = (codec: Codec, ratio: number, encodeSpeed: number, decodeSpeed: number): void => {
    if (!choice.accepted.includes(codec) || !(ratio < CODEC_RATIO_MAX)) return;
    const seconds = Math.max(1 / encodeSpeed, ratio / link, 1 / decodeSpeed);
    if (seconds >= bestSeconds) return;
    best = codec;
    bestSeconds = seconds;
  };
  consider('deflate', deflateRatio, choice.deflateBytesPerSecond, choice.inflateBytesPerSecond);
  consider('zstd', zstdRatio, choice.zstdBytesPerSecond, choice.unzstdBytesPerSecond);
  return best;
}
