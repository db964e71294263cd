import { Failure } from '@p2p/protocol';
import { PATTERN_LENGTH_MAX, REQUEST_ID_LENGTH_MAX } from './limits.js';

/** A request, or (without an id) an event, as it came. */
export interface RequestPacket {
  readonly pattern: string;
  readonly id: string | number | undefined;
  readonly data: unknown;
  /** What tracing attaches. */
  readonly metadata: Record<string, string>;
}

/** Checks the envelope of a request. Throws `BAD_REQUEST` for one that no client of ours would send. */
export function readRequestPacket(message: unknown): RequestPacket {
  if (typeof message !== 'object' || message === null) throw new Failure('BAD_REQUEST', 'a request is not an object');
  const { pattern, id, data, metadata } = message as Record<string, unknown>;
  if (typeof pattern !== 'string' || pattern.length === 0 || pattern.length > PATTERN_LENGTH_MAX) {
    throw new Failure('BAD_REQUEST', `a request has no pattern of 1 to ${PATTERN_LENGTH_MAX} characters`);
  }
  const isId = typeof id === 'string' ? id.length <= REQUEST_ID_LENGTH_MAX : id === undefined || Number.isSafeInteger(id);
  if (!isId) {
    throw new Failure('BAD_REQUEST', `a request has an id that is neither a whole number nor at most ${REQUEST_ID_LENGTH_MAX} characters`);
  }
  if (metadata !== undefined && !isMetadata(metadata)) throw new Failure('BAD_REQUEST', 'the metadata of a request is not all strings');
  return { pattern, id: id as string | number | undefined, data, metadata: metadata ?? {} };
}

function isMetadata(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && Object.values(value).every((entry) => typeof entry === 'string');
}
