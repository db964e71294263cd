import { Failure } from './failure.js';
import { BODY_CHUNK_BYTES_MAX, FRAME_HEADER_BYTES_MAX, FRAME_PREFIX_BYTES } from './limits.js';

/**
 * A frame: u32 header length, u32 body length (little endian), JSON header, raw body.
 *
 * | header | body | meaning |
 * | --- | --- | --- |
 * | > 0 | 0 | a message; where it announces a body (`response.bodyBytes` > 0) that body begins |
 * | 0 | > 0 | the next chunk of the body that has begun |
 * | 0 | 0 | the sender gives the begun body up |
 *
 * One body at a time is under way in each direction; messages may stand between its chunks, but none that announces
 * another body.
 */
export const ABORT_FRAME: Uint8Array = new Uint8Array(FRAME_PREFIX_BYTES);

const encoder = new TextEncoder();

/** Encodes a message as one frame. Throws `LIMIT_EXCEEDED` when it does not fit: a mistake of ours. */
export function encodeMessageFrame(message: unknown): Uint8Array {
  const header = encoder.encode(JSON.stringify(message));
  if (header.length > FRAME_HEADER_BYTES_MAX) {
    throw new Failure('LIMIT_EXCEEDED', `a message of ${header.length} bytes; at most ${FRAME_HEADER_BYTES_MAX} fit a frame`);
  }
  const frame = new Uint8Array(FRAME_PREFIX_BYTES + header.length);
  new DataView(frame.buffer).setUint32(0, header.length, true);
  frame.set(header, FRAME_PREFIX_BYTES);
  return frame;
}

/** Encodes the prefix that precedes a chunk of `chunkBytes` bytes of body. */
export function encodeChunkPrefix(chunkBytes: number): Uint8Array {
  const prefix = new Uint8Array(FRAME_PREFIX_BYTES);
  new DataView(prefix.buffer).setUint32(4, chunkBytes, true);
  return prefix;
}

/** Bounds of what one side accepts; a server that is only asked things accepts no bodies. */
export interface FrameBounds {
  readonly headerBytesMax: number;
  readonly chunkBytesMax: number;
}

export const FRAME_BOUNDS: FrameBounds = {
  headerBytesMax: FRAME_HEADER_BYTES_MAX,
  chunkBytesMax: BODY_CHUNK_BYTES_MAX,
};

export interface FramePrefix {
  readonly headerBytes: number;
  readonly bodyBytes: number;
}

/** Reads and checks a prefix, before anything is allocated for what it announces. Throws `LIMIT_EXCEEDED` or `BAD_REQUEST`. */
export function decodePrefix(bytes: Uint8Array, bounds: FrameBounds): FramePrefix {
  const view = new DataView(bytes.buffer, bytes.byteOffset, FRAME_PREFIX_BYTES);
  const headerBytes = view.getUint32(0, true);
  const bodyBytes = view.getUint32(4, true);
  if (headerBytes > bounds.headerBytesMax) {
    throw new Failure('LIMIT_EXCEEDED', `a frame header of ${headerBytes} bytes; at most ${bounds.headerBytesMax} are accepted`);
  }
  if (bodyBytes > bounds.chunkBytesMax) {
    throw new Failure('LIMIT_EXCEEDED', `a body chunk of ${bodyBytes} bytes; at most ${bounds.chunkBytesMax} are accepted`);
  }
  if (headerBytes > 0 && bodyBytes > 0) {
    throw new Failure('BAD_REQUEST', 'a frame has a header and a body; a body follows in frames of its own');
  }
  return { headerBytes, bodyBytes };
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Parses a header. Throws `BAD_REQUEST` when it is not a JSON object in UTF-8 or nests deeper than `depthMax`. */
export function decodeHeader(bytes: Uint8Array, depthMax: number): Record<string, unknown> {
  if (jsonDepthExceeds(bytes, depthMax)) {
    throw new Failure('BAD_REQUEST', `a frame header nests deeper than ${depthMax} levels`);
  }
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new Failure('BAD_REQUEST', 'a frame header is not JSON', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Failure('BAD_REQUEST', 'a frame header is not a JSON object');
  }
  return value as Record<string, unknown>;
}

/** Bytes of body that a decoded message announces: 0 when none. Throws `BAD_REQUEST` when the number is no length. */
export function announcedBodyBytes(message: Record<string, unknown>): number {
  const response = message['response'];
  if (typeof response !== 'object' || response === null || !('bodyBytes' in response)) return 0;
  const bodyBytes = response.bodyBytes;
  if (typeof bodyBytes !== 'number' || !Number.isSafeInteger(bodyBytes) || bodyBytes < 0) {
    throw new Failure('BAD_REQUEST', 'a message announces a body whose length is not a number of bytes');
  }
  return bodyBytes;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Counts brackets outside strings, so that a deep nest is refused before a recursive parser walks into it. */
function jsonDepthExceeds(bytes: Uint8Array, depthMax: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > depthMax) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}
