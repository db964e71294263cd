import { RpcException } from '@nestjs/microservices';
import { Failure, isFailureCode, type FailureCode } from '@p2p/protocol';

export interface Classified {
  readonly code: FailureCode;
  readonly sentence: string;
}

type Row = readonly [code: FailureCode, sentence: string];

const PORT_TAKEN: Row = ['PORT_TAKEN', 'another program listens there; choose another port, or 0 for a free one'];
const UNREACHABLE: Row = ['UNREACHABLE', 'no connection could be made'];
const CONNECTION_LOST: Row = ['CONNECTION_LOST', 'the connection closed'];
const DISK_FULL: Row = ['DISK_FULL', 'no space is left on the disk; free some and try again'];
const DISK_FAILED: Row = ['DISK_FAILED', 'reading or writing a file failed'];
const ACCESS_DENIED: Row = ['ACCESS_DENIED', 'the operating system denies access'];
const TIMED_OUT: Row = ['TIMED_OUT', 'no answer came in the time allowed'];
const CANCELLED: Row = ['CANCELLED', 'it was stopped'];
const BAD_REQUEST: Row = ['BAD_REQUEST', 'the request does not have the shape it must have'];
const LIMIT_EXCEEDED: Row = ['LIMIT_EXCEEDED', 'the message is larger than allowed'];

/** By `code`: the operating system's, libuv's, Node's and zlib's. */
const BY_CODE: Readonly<Record<string, Row>> = {
  ENOENT: ['NOT_FOUND', 'no such file or folder'],
  ENOTDIR: ['NOT_FOUND', 'a part of the path is not a folder'],
  EACCES: ACCESS_DENIED,
  EPERM: ACCESS_DENIED,
  EEXIST: ['ALREADY_EXISTS', 'something is there already'],
  ENOTEMPTY: ['ALREADY_EXISTS', 'the folder there is not empty'],
  ENAMETOOLONG: ['BAD_NAME', 'the name is too long for the file system'],
  ENOSPC: DISK_FULL,
  EDQUOT: DISK_FULL,
  EFBIG: ['DISK_FAILED', 'the file is larger than the file system allows'],
  EIO: DISK_FAILED,
  EROFS: ['DISK_FAILED', 'the file system is read-only'],
  EISDIR: ['DISK_FAILED', 'there is a folder where a file should be'],
  EXDEV: ['DISK_FAILED', 'the two places are on different file systems'],
  ELOOP: ['DISK_FAILED', 'there are too many symbolic links in the path'],
  EBUSY: ['DISK_FAILED', 'the file is in use'],
  ESTALE: ['DISK_FAILED', 'the file on the network file system is gone'],
  ENXIO: DISK_FAILED,
  ENODEV: DISK_FAILED,
  ETXTBSY: ['DISK_FAILED', 'the file is a program that runs'],
  EMFILE: ['BUSY', 'this process has as many files and sockets open as it may; raise the limit (ulimit -n)'],
  ENFILE: ['BUSY', 'this machine has as many files open as it can'],
  ENOBUFS: ['BUSY', 'the machine has no buffers left'],
  EADDRINUSE: PORT_TAKEN,
  EADDRNOTAVAIL: ['BAD_CONFIG', 'this machine does not have that address'],
  ECONNREFUSED: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  EHOSTDOWN: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ENETDOWN: UNREACHABLE,
  ENOTFOUND: ['UNREACHABLE', 'the host name is not known'],
  EAI_AGAIN: ['UNREACHABLE', 'the host name could not be looked up'],
  ECONNRESET: CONNECTION_LOST,
  ECONNABORTED: CONNECTION_LOST,
  EPIPE: CONNECTION_LOST,
  ENOTCONN: CONNECTION_LOST,
  ERR_STREAM_DESTROYED: CONNECTION_LOST,
  ERR_STREAM_WRITE_AFTER_END: CONNECTION_LOST,
  ERR_STREAM_PREMATURE_CLOSE: CONNECTION_LOST,
  ERR_SOCKET_CLOSED: CONNECTION_LOST,
  ERR_SOCKET_CLOSED_BEFORE_CONNECTION: CONNECTION_LOST,
  ETIMEDOUT: TIMED_OUT,
  ABORT_ERR: CANCELLED,
  ECANCELED: CANCELLED,
  ERR_SOCKET_BAD_PORT: ['BAD_CONFIG', 'the port is not a number from 0 to 65535'],
  ERR_BUFFER_TOO_LARGE: LIMIT_EXCEEDED,
  Z_DATA_ERROR: ['CORRUPT', 'the compressed bytes are damaged'],
  Z_BUF_ERROR: ['CORRUPT', 'the compressed bytes end too early'],
  Z_NEED_DICT: ['CORRUPT', 'the compressed bytes are damaged'],
  ZSTD_error_prefix_unknown: ['CORRUPT', 'the compressed bytes are damaged'],
  ZSTD_error_corruption_detected: ['CORRUPT', 'the compressed bytes are damaged'],
  ZSTD_error_checksum_wrong: ['CORRUPT', 'the compressed bytes are damaged'],
};

/** By the name of the class: the web platform's, RxJS's, zod's and Nest's. */
const BY_NAME: Readonly<Record<string, Row>> = {
  AbortError: CANCELLED,
  TimeoutError: TIMED_OUT,
  ZodError: BAD_REQUEST,
  $ZodError: BAD_REQUEST,
  NetSocketClosedException: CONNECTION_LOST,
  InvalidMessageException: BAD_REQUEST,
  InvalidJSONFormatException: BAD_REQUEST,
  InvalidTcpDataReceptionException: BAD_REQUEST,
  CorruptedPacketLengthException: BAD_REQUEST,
  MaxPacketLengthExceededException: LIMIT_EXCEEDED,
  MaxSendBufferSizeExceededException: LIMIT_EXCEEDED,
  IncompleteMessageTimeoutException: TIMED_OUT,
};

/** By the message, where Nest gives an error neither a code nor a name of its own, or answers with a bare string. */
const BY_MESSAGE: Readonly<Record<string, Row>> = {
  'Connection closed': CONNECTION_LOST,
  'There is no matching message handler defined in the remote service.': ['BAD_REQUEST', 'the other side does not know this message'],
};

/** By HTTP status: Nest's HTTP exceptions and those of the body parser. */
const BY_STATUS: Readonly<Record<number, Row>> = {
  400: BAD_REQUEST,
  401: ['UNAUTHORIZED', 'the token is missing or wrong'],
  403: ['FORBIDDEN', 'that is not allowed'],
  404: ['NOT_FOUND', 'there is nothing at that path'],
  405: ['BAD_REQUEST', 'the path does not take that method'],
  408: TIMED_OUT,
  409: ['ALREADY_EXISTS', 'something is there already'],
  413: LIMIT_EXCEEDED,
  415: ['BAD_REQUEST', 'the body is not of a type that is understood'],
  429: ['BUSY', 'there are too many requests; ask again later'],
  503: ['BUSY', 'not now; ask again later'],
};

/** What an error that is none of ours means. What no table knows is a mistake of ours. */
export function classify(error: unknown): Classified {
  if (typeof error === 'string') return sentenceOf(own(BY_MESSAGE, error), error) ?? unknownFailure();
  if (typeof error !== 'object' || error === null) return unknownFailure();
  return fromWire(error) ?? fromTables(error) ?? fromAggregate(error) ?? unknownFailure();
}

/** What the other side sent as a failure: plain, or inside Nest's RpcException. */
function fromWire(error: object): Classified | undefined {
  const wire: unknown = error instanceof RpcException ? error.getError() : error;
  if (typeof wire !== 'object' || wire === null || !('code' in wire) || !isFailureCode(wire.code)) return undefined;
  const { code, message } = Failure.fromWire(wire);
  return { code, sentence: message };
}

function fromTables(error: object): Classified | undefined {
  const code = property(error, 'code');
  const name = property(error, 'name');
  const message = property(error, 'message');
  const status = property(error, 'statusCode') ?? property(error, 'status');
  return (
    (typeof code === 'string' ? sentenceOf(own(BY_CODE, code), error) : undefined) ??
    (typeof name === 'string' ? sentenceOf(own(BY_NAME, name), error) : undefined) ??
    // Nest's exceptions are all named "Error"; their class is not.
    sentenceOf(own(BY_NAME, error.constructor?.name ?? ''), error) ??
    (typeof message === 'string' ? sentenceOf(own(BY_MESSAGE, message), error) : undefined) ??
    (typeof status === 'number' ? sentenceOf(BY_STATUS[status], error) : undefined)
  );
}

/** Connecting to a name with several addresses fails with one error that holds one for each. */
function fromAggregate(error: object): Classified | undefined {
  const errors = property(error, 'errors');
  return Array.isArray(errors) && typeof errors[0] === 'object' && errors[0] !== null ? fromTables(errors[0] as object) : undefined;
}

function unknownFailure(): Classified {
  return { code: 'INTERNAL', sentence: 'something failed that should not; the log of this process tells more' };
}

/** The row's sentence, and the path or address that the error names. */
function sentenceOf(row: Row | undefined, error: unknown): Classified | undefined {
  if (row === undefined) return undefined;
  const place = typeof error === 'object' && error !== null ? placeOf(error) : undefined;
  return { code: row[0], sentence: place === undefined ? row[1] : `${row[1]} (${place})` };
}

function placeOf(error: object): string | undefined {
  const path = property(error, 'path');
  if (typeof path === 'string') return path;
  const host = property(error, 'address') ?? property(error, 'hostname');
  const port = property(error, 'port');
  if (typeof host !== 'string') return undefined;
  const shown = host.includes(':') ? `[${host}]` : host;
  return typeof port === 'number' ? `${shown}:${port}` : shown;
}

/** Only the table's own rows: an error whose code is "constructor" has none. */
function own(table: Readonly<Record<string, Row>>, key: string): Row | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function property(object: object, key: string): unknown {
  return (object as Record<string, unknown>)[key];
}
