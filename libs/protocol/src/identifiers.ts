import { z } from 'zod';
import { HOST_LENGTH_MAX, PEER_ID_LENGTH_MAX } from './limits.js';

/** BLAKE3 hash of the canonical manifest, 64 lower-case hexadecimal digits: names a content, whoever shares it. */
export const fileIdSchema = z.string().regex(/^[0-9a-f]{64}$/, 'a file id is 64 hexadecimal digits');
export type FileId = z.infer<typeof fileIdSchema>;

/** Letters, digits, ".", "_" and "-", beginning with a letter or digit: a pod's name is one. */
export const peerIdSchema = z
  .string()
  .max(PEER_ID_LENGTH_MAX)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'a peer id is letters, digits, ".", "_" and "-", beginning with a letter or digit');
export type PeerId = z.infer<typeof peerIdSchema>;

export const hostSchema = z
  .string()
  .min(1)
  .max(HOST_LENGTH_MAX)
  .regex(/^[A-Za-z0-9.:_%-]+$/, 'a host is a DNS name or an IP address');

export const portSchema = z.int().min(1).max(65_535);

/** Milliseconds since 1970 at which a peer began this life: a newer life replaces an older one. */
export const incarnationSchema = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** What only a peer with this data directory knows: proves that two lives belong to one peer. 32 hexadecimal digits. */
export const peerKeySchema = z.string().regex(/^[0-9a-f]{32}$/);
