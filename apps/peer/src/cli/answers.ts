import { catalogueEntrySchema, FAILURE_CODES, fileIdSchema } from '@p2p/protocol';
import { z } from 'zod';
import type { CatalogueAnswer, DownloadStatus, PeerStatus, Share, ShareProgress } from '../control/api.js';

/**
 * The shapes of the control API's answers. They are checked because anything may listen where a peer is expected; that
 * they are the shapes of control/api.ts is checked by the compiler.
 */

const count = z.number().min(0);

const sourceSchema = z.object({
  source: z.string(),
  segments: count,
  fileBytes: count,
  wireBytes: count,
  bytesPerSecond: count,
  inFlight: count,
  state: z.enum(['active', 'busy', 'draining', 'lost', 'quarantined']),
});

const reportSchema = z
  .object({
    segmentCount: count,
    segmentsVerified: count,
    segmentsResumed: count,
    fileBytes: count,
    verifiedBytes: count,
    resumedBytes: count,
    redistributed: z.object({ source_left: count, source_silent: count, source_slow: count, corrupt: count, refused: count }),
    hedged: count,
    wastedBytes: count,
    wireBytes: count,
    rejected: count,
    waitingSince: z.number().optional(),
    sources: z.array(sourceSchema),
    // JSON leaves out what is undefined; the report has the key always.
  })
  .transform((report) => ({ ...report, waitingSince: report.waitingSince }));

export const downloadStatusSchema = z.object({
  id: fileIdSchema,
  name: z.string(),
  state: z.enum(['queued', 'preparing', 'verifying', 'transferring', 'waiting', 'finishing', 'done', 'failed', 'cancelled']),
  bytes: count,
  output: z.string(),
  verifiedBytes: count,
  bytesPerSecond: count,
  remainingMs: count.exactOptional(),
  sinceProgressMs: count.exactOptional(),
  waitRemainingMs: count.exactOptional(),
  transferMs: count,
  totalMs: count,
  startedAt: z.string(),
  report: reportSchema.exactOptional(),
  failure: z.object({ code: z.enum(FAILURE_CODES), message: z.string() }).exactOptional(),
}) satisfies z.ZodType<DownloadStatus>;

/** A line of a flight record: kept as it is, whatever a newer peer adds. */
export const flightLineSchema = z.looseObject({ kind: z.string() });

export const peerStatusSchema = z.object({
  peer: z.string(),
  version: z.string(),
  protocolVersion: z.number(),
  startedAt: z.string(),
  diary: z.object({ address: z.string(), connected: z.boolean() }),
  advertised: z.string(),
  draining: z.boolean(),
  dataDir: z.string(),
  freeBytes: count,
  shares: count,
  sharedBytes: count,
  uploads: z.object({ active: count, fileBytes: count, wireBytes: count }),
  downloads: z.array(downloadStatusSchema),
}) satisfies z.ZodType<PeerStatus>;

export const catalogueAnswerSchema = z.object({
  entries: z.array(catalogueEntrySchema),
  more: z.boolean(),
}) satisfies z.ZodType<CatalogueAnswer>;

const shareSchema = z.object({
  id: fileIdSchema,
  name: z.string(),
  path: z.string(),
  bytes: count,
  origin: z.enum(['folder', 'command', 'download']),
}) satisfies z.ZodType<Share>;

export const shareProgressSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('found'), files: count, bytes: count }),
  z.object({
    kind: z.literal('hashing'),
    name: z.string(),
    hashedBytes: count,
    bytes: count,
    totalHashedBytes: count,
    totalBytes: count,
  }),
  z.object({ kind: z.literal('shared'), share: shareSchema, remembered: z.boolean() }),
  z.object({ kind: z.literal('failed'), path: z.string(), code: z.string(), message: z.string() }),
  z.object({ kind: z.literal('done'), shared: count, failed: count }),
]) satisfies z.ZodType<ShareProgress>;

export const unsharedSchema = z.object({ unshared: z.array(shareSchema) });

export const leavingSchema = z.object({ leaving: z.literal(true) });
