import { z } from 'zod';
import { fileNameSchema } from './file-name.js';
import { fileIdSchema, hostSchema, incarnationSchema, peerIdSchema, peerKeySchema, portSchema } from './identifiers.js';
import { CATALOGUE_PAGE_MAX, FILE_BYTES_MAX, FILES_PER_MESSAGE_MAX, FIND_MATCHES_MAX, HOLDERS_SAMPLE_MAX } from './limits.js';

/**
 * What peers say to the diary. Requests and answers are plain JSON; a request is checked against its schema before
 * anything looks at it, and so is an answer. Unknown keys are dropped, so that a later version may add some.
 */
export const DIARY_PATTERNS = {
  join: 'peer.join',
  renew: 'peer.renew',
  drain: 'peer.drain',
  leave: 'peer.leave',
  announce: 'files.announce',
  withdraw: 'files.withdraw',
  list: 'catalogue.list',
  ofPeer: 'catalogue.ofPeer',
  find: 'catalogue.find',
  watch: 'holders.watch',
  unwatch: 'holders.unwatch',
  sample: 'holders.sample',
} as const;

const count = z.int().min(0);
const fileBytesSchema = z.int().min(0).max(FILE_BYTES_MAX);
/** Chosen by the asker; tells its watches on one connection apart. */
const watchIdSchema = z.int().min(0).max(0xffff_ffff);

/** `peer.join`: opens a lease on this connection. Answers `PEER_ID_TAKEN`, `VERSION_MISMATCH`. */
export const joinRequestSchema = z.object({
  version: z.int(),
  peer: peerIdSchema,
  key: peerKeySchema,
  incarnation: incarnationSchema,
  host: hostSchema,
  port: portSchema,
});
export type JoinRequest = z.infer<typeof joinRequestSchema>;

/** `epoch` names this life of the diary; the lease must be renewed within `leaseTtlMs`. */
export const joinAnswerSchema = z.object({ version: z.int(), epoch: z.string().max(64), leaseTtlMs: z.int().min(1) });
export type JoinAnswer = z.infer<typeof joinAnswerSchema>;

/** `peer.renew`, `peer.drain`, `peer.leave`: about the lease of this connection. Answer `NOT_JOINED` without one. */
export const emptySchema = z.object({});
export type Empty = z.infer<typeof emptySchema>;

/** A holder is complete, or has a part, whose extent it tells whoever asks it. */
export const holdingStateSchema = z.enum(['complete', 'partial']);
export type HoldingState = z.infer<typeof holdingStateSchema>;

export const announcedFileSchema = z.object({
  id: fileIdSchema,
  name: fileNameSchema,
  bytes: fileBytesSchema,
  state: holdingStateSchema,
});
export type AnnouncedFile = z.infer<typeof announcedFileSchema>;

/** `files.announce`: this peer holds these; a pair of id and name announced again takes the new state. */
export const announceRequestSchema = z.object({ files: z.array(announcedFileSchema).min(1).max(FILES_PER_MESSAGE_MAX) });
export type AnnounceRequest = z.infer<typeof announceRequestSchema>;

/** `files.withdraw`: this peer no longer holds these, under one name or (without `name`) under any. */
export const withdrawRequestSchema = z.object({
  files: z
    .array(z.object({ id: fileIdSchema, name: fileNameSchema.optional() }))
    .min(1)
    .max(FILES_PER_MESSAGE_MAX),
});
export type WithdrawRequest = z.infer<typeof withdrawRequestSchema>;

/** One content under one name, with how many peers hold it whole and in part. */
export const catalogueEntrySchema = z.object({
  id: fileIdSchema,
  name: fileNameSchema,
  bytes: fileBytesSchema,
  complete: count,
  partial: count,
});
export type CatalogueEntry = z.infer<typeof catalogueEntrySchema>;

/** Pages are in the order of (name, id); `after` is the last entry of the page before. */
const afterSchema = z.object({ name: fileNameSchema, id: fileIdSchema }).optional();

/** `catalogue.list`: everything that somebody holds. */
export const listRequestSchema = z.object({ after: afterSchema, limit: z.int().min(1).max(CATALOGUE_PAGE_MAX) });
export type ListRequest = z.infer<typeof listRequestSchema>;

/** `catalogue.ofPeer`: what one peer holds; counts are of all holders. Answers `NOT_FOUND` for a peer nobody knows. */
export const ofPeerRequestSchema = listRequestSchema.extend({ peer: peerIdSchema });
export type OfPeerRequest = z.infer<typeof ofPeerRequestSchema>;

export const listAnswerSchema = z.object({ entries: z.array(catalogueEntrySchema).max(CATALOGUE_PAGE_MAX), more: z.boolean() });
export type ListAnswer = z.infer<typeof listAnswerSchema>;

/** `catalogue.find`: the contents that carry a name, or the content of an id. No match is an empty answer. */
export const findRequestSchema = z.union([z.object({ name: fileNameSchema }), z.object({ id: fileIdSchema })]);
export type FindRequest = z.infer<typeof findRequestSchema>;

/** One match a content; `total` counts those that did not fit too. */
export const findAnswerSchema = z.object({ matches: z.array(catalogueEntrySchema).max(FIND_MATCHES_MAX), total: count });
export type FindAnswer = z.infer<typeof findAnswerSchema>;

export const holderSchema = z.object({
  peer: peerIdSchema,
  host: hostSchema,
  port: portSchema,
  incarnation: incarnationSchema,
  state: holdingStateSchema,
  /** It finishes what it owes and takes no new requests. */
  draining: z.boolean(),
});
export type Holder = z.infer<typeof holderSchema>;

/**
 * `holders.watch`: a stream that begins with a random sample of the file's holders (the asker not among them) and goes
 * on with what happens to holders: of those told, and, while fewer than `limit` are told, of new ones. Ends with
 * `holders.unwatch` of the same `watch`, or with the connection. The file need not be known yet.
 */
export const watchRequestSchema = z.object({
  watch: watchIdSchema,
  file: fileIdSchema,
  limit: z.int().min(1).max(HOLDERS_SAMPLE_MAX),
});
export type WatchRequest = z.infer<typeof watchRequestSchema>;
export const unwatchRequestSchema = z.object({ watch: watchIdSchema });
export type UnwatchRequest = z.infer<typeof unwatchRequestSchema>;

/** `holders.sample`: other holders for a watch whose own do not suffice; those in `exclude` are left out, the answer joins the watch. */
export const sampleRequestSchema = z.object({
  watch: watchIdSchema,
  exclude: z.array(peerIdSchema).max(HOLDERS_SAMPLE_MAX),
});
export type SampleRequest = z.infer<typeof sampleRequestSchema>;

export const departureReasonSchema = z.enum(['left', 'connection_closed', 'lease_expired', 'withdrawn', 'replaced']);
export type DepartureReason = z.infer<typeof departureReasonSchema>;

/**
 * One message of a watch. The first has `snapshot: true`. After a restart of the diary (another `epoch`) absence from
 * a snapshot means nothing until a lease's time has passed. A holder in `upserted` that was told before has changed.
 */
export const watchEventSchema = z.object({
  epoch: z.string().max(64),
  snapshot: z.boolean(),
  upserted: z.array(holderSchema).max(HOLDERS_SAMPLE_MAX),
  left: z.array(z.object({ peer: peerIdSchema, incarnation: incarnationSchema, reason: departureReasonSchema })).max(HOLDERS_SAMPLE_MAX),
  /** Holders of the file in all. */
  total: count,
});
export type WatchEvent = z.infer<typeof watchEventSchema>;
