import type { FailureCode } from '@p2p/protocol';

/** The HTTP status of each failure: the one place where codes become statuses. */
const STATUS_OF: Readonly<Record<FailureCode, number>> = {
  BAD_REQUEST: 400,
  BAD_CONFIG: 500,
  BAD_NAME: 400,
  VERSION_MISMATCH: 502,
  NOT_FOUND: 404,
  AMBIGUOUS_NAME: 409,
  NOT_HELD: 404,
  FILE_CHANGED: 409,
  NO_HOLDERS: 503,
  BUSY: 503,
  DRAINING: 503,
  CORRUPT: 502,
  LIMIT_EXCEEDED: 413,
  CONNECTION_LOST: 502,
  UNREACHABLE: 502,
  TIMED_OUT: 504,
  CANCELLED: 409,
  DIARY_UNREACHABLE: 503,
  PEER_ID_TAKEN: 409,
  NOT_JOINED: 503,
  DISK_FULL: 507,
  DISK_FAILED: 500,
  ACCESS_DENIED: 403,
  ALREADY_EXISTS: 409,
  DATA_DIR_IN_USE: 409,
  PORT_TAKEN: 409,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  INTERNAL: 500,
};

export function statusOf(code: FailureCode): number {
  return STATUS_OF[code];
}
