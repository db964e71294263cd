import path from 'node:path';
import { CATALOGUE_PAGE_MAX, fileIdSchema, fileNameSchema, NAME_BYTES_MAX, peerIdSchema } from '@p2p/protocol';
import { z } from 'zod';
import { CONTROL_PATH_LENGTH_MAX } from '../limits.js';

/** What requests of the control API may hold. Unknown keys are refused: a misspelt option must not be ignored. */

const absolutePathSchema = z
  .string()
  .max(CONTROL_PATH_LENGTH_MAX)
  .refine((text) => path.isAbsolute(text) && !text.includes('\0'), 'must be an absolute path');

/** A name or a file id. Whether it can be a name at all is told by the port, with `BAD_NAME`. */
const targetSchema = z.string().min(1).max(NAME_BYTES_MAX);

/** In a query everything is text. */
const flagSchema = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');

export const catalogueQuerySchema = z
  .strictObject({
    peer: peerIdSchema.optional(),
    afterName: fileNameSchema.optional(),
    afterId: fileIdSchema.optional(),
    limit: z
      .string()
      .regex(/^\d{1,9}$/, 'must be a whole number')
      .transform(Number)
      .pipe(z.int().min(1).max(CATALOGUE_PAGE_MAX))
      .default(CATALOGUE_PAGE_MAX),
  })
  .refine((query) => (query.afterName === undefined) === (query.afterId === undefined), 'afterName and afterId must come together');

export const shareBodySchema = z.strictObject({ path: absolutePathSchema, name: z.string().min(1).max(NAME_BYTES_MAX).optional() });

export const downloadBodySchema = z.strictObject({
  target: targetSchema,
  output: absolutePathSchema.optional(),
  overwrite: z.boolean().optional(),
  trace: z.boolean().optional(),
});

export const targetQuerySchema = z.strictObject({ target: targetSchema });

export const cancelQuerySchema = z.strictObject({ target: targetSchema, discard: flagSchema });

export const downloadParametersSchema = z.strictObject({ id: fileIdSchema });
