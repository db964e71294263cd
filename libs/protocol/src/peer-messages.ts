import { z } from 'zod';
import { codecSchema } from './codec.js';
import { fileIdSchema, peerIdSchema } from './identifiers.js';
import { GAINS_PER_MESSAGE_MAX, PACKET_BYTES_MAX, PACKET_DELAY_MS_MAX, SEGMENT_BYTES_MAX, SEGMENTS_MAX } from './limits.js';

/** What peers say to each other. Two peers keep one connection each way; the one that asks has opened it. */
export const PEER_PATTERNS = {
  hello: 'peer.hello',
  manifest: 'manifest.get',
  availability: 'availability.watch',
  unwatchAvailability: 'availability.unwatch',
  segment: 'segment.get',
  cancel: 'segment.cancel',
  dispute: 'segment.dispute',
} as const;

/** Base64 of the largest bitmap. */
const BITMAP_BASE64_LENGTH_MAX = Math.ceil(SEGMENTS_MAX / 8 / 3) * 4;

const segmentIndexSchema = z
  .int()
  .min(0)
  .max(SEGMENTS_MAX - 1);
/** Chosen by the asker; tells its requests (or watches) on one connection apart. Never used twice on it. */
const requestIdSchema = z.int().min(0).max(0xffff_ffff);

/** `peer.hello`: the first message on a connection. Answers `VERSION_MISMATCH`. */
export const helloRequestSchema = z.object({ version: z.int(), peer: peerIdSchema });
export type HelloRequest = z.infer<typeof helloRequestSchema>;

/** Who answers, and the artificial delay it adds for every packet it sends: its pace is no sign of trouble. */
export const helloAnswerSchema = z.object({
  version: z.int(),
  peer: peerIdSchema,
  packetDelayMs: z.number().min(0).max(PACKET_DELAY_MS_MAX),
  packetBytes: z.int().min(1).max(PACKET_BYTES_MAX),
});
export type HelloAnswer = z.infer<typeof helloAnswerSchema>;

/** `manifest.get`: answers with the canonical manifest as body, or `NOT_HELD`. */
export const manifestRequestSchema = z.object({ file: fileIdSchema });
export type ManifestRequest = z.infer<typeof manifestRequestSchema>;
export const manifestAnswerSchema = z.object({ bodyBytes: z.int().min(1) });
export type ManifestAnswer = z.infer<typeof manifestAnswerSchema>;

/**
 * `availability.watch`: a stream that begins with what the holder has and goes on with what it gains. Ends with
 * `availability.unwatch`, with the connection, or with a failure (`NOT_HELD`, `FILE_CHANGED`) when the holding ends.
 */
export const availabilityRequestSchema = z.object({ watch: requestIdSchema, file: fileIdSchema });
export type AvailabilityRequest = z.infer<typeof availabilityRequestSchema>;
/** `availability.unwatch`, an event without an answer: the stream of that watch ends. */
export const unwatchAvailabilityRequestSchema = z.object({ watch: requestIdSchema });
export type UnwatchAvailabilityRequest = z.infer<typeof unwatchAvailabilityRequestSchema>;

/** `bitmap` is base64, segment 0 in the lowest bit of the first byte. `draining`: it finishes what it owes, no more. */
export const availabilityEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('complete') }),
  z.object({ kind: z.literal('bitmap'), bitmap: z.string().max(BITMAP_BASE64_LENGTH_MAX) }),
  z.object({ kind: z.literal('gained'), segments: z.array(segmentIndexSchema).min(1).max(GAINS_PER_MESSAGE_MAX) }),
  z.object({ kind: z.literal('draining') }),
]);
export type AvailabilityEvent = z.infer<typeof availabilityEventSchema>;

/**
 * `segment.get`: asks for one segment, in one of `codecs`. Answers come in the order of the requests, one body at a
 * time. Failures: `NOT_HELD`, `FILE_CHANGED`, `BUSY` (with `retryAfterMs`), `DRAINING`, `CANCELLED`, `DISK_FAILED`.
 */
export const segmentRequestSchema = z.object({
  request: requestIdSchema,
  file: fileIdSchema,
  segment: segmentIndexSchema,
  codecs: z.array(codecSchema).min(1).max(3),
  /** Whether the asker itself, not the link, has lately been what the transfer waited for: the link's measured rate then says little. */
  receiverBound: z.boolean(),
});
export type SegmentRequest = z.infer<typeof segmentRequestSchema>;

/** `rawBytes` is the segment's length once decoded; the body has `bodyBytes` bytes, never more than `rawBytes`. */
export const segmentAnswerSchema = z.object({
  request: requestIdSchema,
  segment: segmentIndexSchema,
  codec: codecSchema,
  rawBytes: z.int().min(1).max(SEGMENT_BYTES_MAX),
  bodyBytes: z.int().min(1).max(SEGMENT_BYTES_MAX),
  /** The share of the time lately that the holder could not serve faster whatever the link carried; for who asks what is slow. */
  busy: z.number().min(0).max(1).optional(),
});
export type SegmentAnswer = z.infer<typeof segmentAnswerSchema>;

/** `segment.cancel`, an event without an answer: the request fails with `CANCELLED`, a body under way is given up at its next chunk. */
export const cancelEventSchema = z.object({ request: requestIdSchema });
export type CancelEvent = z.infer<typeof cancelEventSchema>;

/** `segment.dispute`: the segment did not match its hash. The holder hashes its own again and says whether it is intact; if not, it withdraws the file. */
export const disputeRequestSchema = z.object({ file: fileIdSchema, segment: segmentIndexSchema });
export type DisputeRequest = z.infer<typeof disputeRequestSchema>;
export const disputeAnswerSchema = z.object({ intact: z.boolean() });
export type DisputeAnswer = z.infer<typeof disputeAnswerSchema>;
