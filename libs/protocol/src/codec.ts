import { z } from 'zod';

/** How a segment's bytes are encoded on the wire: as they are, zlib (RFC 1950), or Zstandard (RFC 8878). */
export const CODECS = ['identity', 'deflate', 'zstd'] as const;
export const codecSchema = z.enum(CODECS);
export type Codec = z.infer<typeof codecSchema>;
