import type { FailureCode } from './failure.js';

/**
 * The exit code of each kind of failure: the one place where codes become exit codes. They are a promise to scripts: a
 * number is never given to another failure. 1 is left to what prevents a program
 * from running at all. Both programs and the command end with them.
 */
export const EXIT_CODES: Readonly<Record<FailureCode, number>> = {
  BAD_REQUEST: 2,
  BAD_CONFIG: 3,
  BAD_NAME: 4,
  NOT_FOUND: 5,
  AMBIGUOUS_NAME: 6,
  ALREADY_EXISTS: 7,
  UNREACHABLE: 8,
  UNAUTHORIZED: 9,
  FORBIDDEN: 10,
  ACCESS_DENIED: 11,
  DIARY_UNREACHABLE: 12,
  NO_HOLDERS: 13,
  NOT_HELD: 14,
  FILE_CHANGED: 15,
  CORRUPT: 16,
  CANCELLED: 17,
  BUSY: 18,
  DRAINING: 19,
  TIMED_OUT: 20,
  CONNECTION_LOST: 21,
  DISK_FULL: 22,
  DISK_FAILED: 23,
  LIMIT_EXCEEDED: 24,
  VERSION_MISMATCH: 25,
  PEER_ID_TAKEN: 26,
  NOT_JOINED: 27,
  DATA_DIR_IN_USE: 28,
  PORT_TAKEN: 29,
  INTERNAL: 63,
};
