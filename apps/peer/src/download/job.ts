import { FAILURE_CODES, fileIdSchema, fileNameSchema, FILE_BYTES_MAX } from '@p2p/protocol';
import { z } from 'zod';
import type { OutputPath } from './output-path.js';
import type { ResolvedTarget } from './target-resolution.js';

/** A download that this peer has taken on, as it is kept on disk. */
export const jobSchema = z.object({
  version: z.literal(1),
  id: fileIdSchema,
  name: fileNameSchema,
  bytes: z.int().min(0).max(FILE_BYTES_MAX),
  /** Absolute path of the result. */
  output: z.string().min(1).max(4096),
  /** Whether a person named the output; otherwise it follows from the name and stays inside `downloads`. */
  outputChosen: z.boolean(),
  overwrite: z.boolean(),
  createdAt: z.iso.datetime(),
  /** An active one is taken up again at the next start. */
  state: z.enum(['active', 'failed', 'cancelled']),
  failure: z.object({ code: z.enum(FAILURE_CODES), message: z.string().max(4096) }).optional(),
});
export type Job = z.infer<typeof jobSchema>;

/** One that begins now. */
export function newJob(
  { id, name, bytes }: ResolvedTarget,
  { output, overwrite }: { readonly output: OutputPath; readonly overwrite: boolean },
): Job {
  const createdAt = new Date().toISOString();
  return { version: 1, id, name, bytes, output: output.path, outputChosen: output.chosen, overwrite, createdAt, state: 'active' };
}
