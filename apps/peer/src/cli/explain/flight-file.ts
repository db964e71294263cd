import { readFile, stat } from 'node:fs/promises';
import { Failure, type FailureCode } from '@p2p/protocol';
import { z } from 'zod';
import { FLIGHT_FILE_BYTES_MAX } from '../../limits.js';

const ms = z.number().min(0);
const share = z.number().min(0).max(1);
const count = z.int().min(0);

const headSchema = z.object({
  kind: z.literal('download'),
  version: z.literal(1),
  id: z.string(),
  name: z.string(),
  bytes: count,
  startedAt: z.string(),
  untilMs: ms,
  dropped: count,
});

const lineSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('attempt'),
    segment: count,
    source: z.string(),
    cause: z.enum(['first', 'redistributed', 'hedge']),
    codec: z.string(),
    rawBytes: count,
    wireBytes: count,
    askedMs: ms,
    firstByteMs: ms.optional(),
    receivedMs: ms.optional(),
    endedMs: ms,
    outcome: z.enum(['verified', 'corrupt', 'refused', 'cancelled', 'lost']),
  }),
  z.object({ kind: z.literal('redistributed'), segment: count, source: z.string(), reason: z.string(), atMs: ms }),
  z.object({ kind: z.literal('limits'), fromMs: ms, untilMs: ms, source: share, link: share, disk: share, cpu: share, delay: share }),
]);

const KINDS: ReadonlySet<unknown> = new Set(['attempt', 'redistributed', 'limits']);

type Line = z.infer<typeof lineSchema>;
export type Attempt = Extract<Line, { kind: 'attempt' }>;
export type Move = Extract<Line, { kind: 'redistributed' }>;
export type Limits = Extract<Line, { kind: 'limits' }>;

/** What `p2p get --trace` wrote. */
export interface FlightFile {
  readonly head: z.infer<typeof headSchema>;
  readonly attempts: readonly Attempt[];
  readonly moves: readonly Move[];
  readonly limits: readonly Limits[];
}

/** Reads it. Throws `NOT_FOUND`, `ACCESS_DENIED`, `DISK_FAILED`; `BAD_REQUEST` with the line that is wrong; `LIMIT_EXCEEDED`. */
export async function readFlightFile(path: string): Promise<FlightFile> {
  return parseFlight(await textOf(path), path);
}

/** `path` is for messages. Lines of a kind that is not known here are left out: a later version may have more. */
export function parseFlight(text: string, path: string): FlightFile {
  const [first = '', ...rest] = text.split('\n');
  const head = checked(headSchema, parsed(first, path, 1), path, 1);
  const lines = rest.flatMap((line, index) => {
    if (line === '') return [];
    const value = parsed(line, path, index + 2);
    if (typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string' && !KINDS.has(value.kind))
      return [];
    return [checked(lineSchema, value, path, index + 2)];
  });
  return {
    head,
    attempts: lines.filter((line) => line.kind === 'attempt'),
    moves: lines.filter((line) => line.kind === 'redistributed'),
    limits: lines.filter((line) => line.kind === 'limits'),
  };
}

async function textOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > FLIGHT_FILE_BYTES_MAX) {
      throw new Failure('LIMIT_EXCEEDED', `${path} has ${size} bytes, and a flight record has ${FLIGHT_FILE_BYTES_MAX} at most`);
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Failure) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new Failure(CODES[code] ?? 'DISK_FAILED', `${path} cannot be read (${code}); give a file that \`p2p get --trace\` wrote`, {
      cause: error,
    });
  }
}

const CODES: Readonly<Record<string, FailureCode>> = {
  ENOENT: 'NOT_FOUND',
  EACCES: 'ACCESS_DENIED',
  EPERM: 'ACCESS_DENIED',
  EISDIR: 'BAD_REQUEST',
};

function parsed(line: string, path: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw wrong(path, number, line === '' ? 'is empty' : 'is no JSON', error);
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, path: string, number: number): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw wrong(path, number, `is no line of a flight record (${where}${issue?.message ?? 'not the shape it must have'})`, result.error);
}

function wrong(path: string, number: number, what: string, cause: unknown): Failure {
  return new Failure('BAD_REQUEST', `line ${number} of ${path} ${what}; give a file that \`p2p get --trace\` wrote`, { cause });
}
