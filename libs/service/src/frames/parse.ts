import { Failure } from '@p2p/protocol';
import type { z } from 'zod';

const REASON_LENGTH_MAX = 200;

/** Returns what `schema` makes of a value from outside. Throws `BAD_REQUEST` naming the place of the first thing wrong with it. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue === undefined || issue.path.length === 0 ? 'the message' : `"${issue.path.map(String).join('.')}"`;
  const reason = (issue?.message ?? 'it has the wrong shape').slice(0, REASON_LENGTH_MAX);
  throw new Failure('BAD_REQUEST', `${place} is not as it must be: ${reason}`, { cause: result.error });
}
