import { FAILURE_MESSAGE_LENGTH_MAX } from './limits.js';

/**
 * Everything that can go wrong, as a closed set. Node's, Nest's and the operating system's errors are translated to
 * these once, where they enter (`libs/service`), and to exit codes and HTTP statuses once, where they leave.
 */
export const FAILURE_CODES = [
  /** A request or message that does not have the shape it must have. */
  'BAD_REQUEST',
  /** A setting with a value it cannot have. */
  'BAD_CONFIG',
  /** A file name that is empty, too long, absolute, or has a component that is not allowed. */
  'BAD_NAME',
  /** The other side speaks another version of the protocol. */
  'VERSION_MISMATCH',
  /** No file of that name or id is known, or no such path, download or share exists. */
  'NOT_FOUND',
  /** Several contents are shared under that name. */
  'AMBIGUOUS_NAME',
  /** The holder does not have that file, or not yet that segment. */
  'NOT_HELD',
  /** The shared file is no longer what it was when it was shared. */
  'FILE_CHANGED',
  /** Nobody has the rest of the file, and nobody appeared in the time allowed. */
  'NO_HOLDERS',
  /** The other side is at one of its bounds; ask again later. */
  'BUSY',
  /** The other side is leaving and takes no new requests. */
  'DRAINING',
  /** Bytes that do not match their hash. */
  'CORRUPT',
  /** A bound of the protocol was broken. */
  'LIMIT_EXCEEDED',
  /** The connection closed before the answer came. */
  'CONNECTION_LOST',
  /** No connection could be made. */
  'UNREACHABLE',
  /** No answer in the time allowed. */
  'TIMED_OUT',
  /** Someone asked for it to stop. */
  'CANCELLED',
  /** The diary cannot be reached, and what was asked needs it. */
  'DIARY_UNREACHABLE',
  /** Another living peer has this id. */
  'PEER_ID_TAKEN',
  /** The diary knows no lease for this connection: join first. */
  'NOT_JOINED',
  /** No space is left where the file is written. */
  'DISK_FULL',
  /** Reading or writing a file failed. */
  'DISK_FAILED',
  /** The operating system denies access to a path or port. */
  'ACCESS_DENIED',
  /** Something else is where the result should go. */
  'ALREADY_EXISTS',
  /** Another running peer owns this data directory. */
  'DATA_DIR_IN_USE',
  /** Another program listens on this port. */
  'PORT_TAKEN',
  /** The control API wants its token. */
  'UNAUTHORIZED',
  /** The control API refuses a foreign Host or Origin. */
  'FORBIDDEN',
  /** A mistake of ours. */
  'INTERNAL',
] as const;

export type FailureCode = (typeof FAILURE_CODES)[number];

const CODES: ReadonlySet<string> = new Set(FAILURE_CODES);

/** A failure as it crosses the wire and the control API. */
export interface WireFailure {
  readonly code: FailureCode;
  readonly message: string;
  /** Milliseconds after which asking again may succeed (`BUSY`). */
  readonly retryAfterMs?: number;
}

export interface FailureOptions {
  /** For logs only; never sent. */
  readonly cause?: unknown;
  readonly retryAfterMs?: number;
}

/**
 * The one error class. `message` is a sentence for a person: what happened with the numbers (got, allowed), then what
 * to do. The code is not part of it; whoever prints a failure prints the code first.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  toWire(): WireFailure {
    const message = this.message.slice(0, FAILURE_MESSAGE_LENGTH_MAX);
    return this.retryAfterMs === undefined ? { code: this.code, message } : { code: this.code, message, retryAfterMs: this.retryAfterMs };
  }

  /** Returns a failure for what the other side sent as one; anything unknown becomes `INTERNAL`. */
  static fromWire(value: unknown): Failure {
    if (typeof value === 'object' && value !== null && 'code' in value && isFailureCode(value.code)) {
      const message = 'message' in value && typeof value.message === 'string' ? value.message : value.code;
      const retryAfterMs = 'retryAfterMs' in value ? value.retryAfterMs : undefined;
      const bounded = message.slice(0, FAILURE_MESSAGE_LENGTH_MAX);
      return typeof retryAfterMs === 'number' && Number.isFinite(retryAfterMs) && retryAfterMs >= 0
        ? new Failure(value.code, bounded, { retryAfterMs })
        : new Failure(value.code, bounded);
    }
    return new Failure('INTERNAL', 'the other side failed without saying how', { cause: value });
  }
}

export function isFailureCode(value: unknown): value is FailureCode {
  return typeof value === 'string' && CODES.has(value);
}
