// What must become of bytes that a program of ours is sent, written from docs/PROTOCOL.md and not from its reader: what
// the test expects must not come from what it tests.
import type { FailureCode } from '@p2p/protocol';

const HEADER_BYTES_MAX = 262_144;
const CHUNK_BYTES_MAX = 1_048_576;
const DEPTH_MAX = 16;
const PREFIX_BYTES = 8;
const PATTERN_LENGTH_MAX = 128;
const ID_LENGTH_MAX = 64;

export interface Fate {
  /** Requests among them, each as JSON of its id, which are answered. */
  readonly answered: readonly string[];
  /** `open`: all was read; `midway`: a frame has begun; a code: the connection is closed for it. */
  readonly end: 'open' | 'midway' | FailureCode;
}

/** Whether an event of this pattern with this data is one of the protocol. Any other closes its connection. */
export type IsEvent = (pattern: string, data: unknown) => boolean;

export function fateOf(bytes: Uint8Array, isEvent: IsEvent): Fate {
  const answered: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < PREFIX_BYTES) return { answered, end: 'midway' };
    const headerBytes = view.getUint32(at, true);
    const bodyBytes = view.getUint32(at + 4, true);
    if (headerBytes > HEADER_BYTES_MAX || bodyBytes > CHUNK_BYTES_MAX) return { answered, end: 'LIMIT_EXCEEDED' };
    // Requests have no bodies, so no chunk can follow one and nothing can be given up.
    if (bodyBytes > 0 || headerBytes === 0) return { answered, end: 'BAD_REQUEST' };
    at += PREFIX_BYTES;
    if (bytes.length - at < headerBytes) return { answered, end: 'midway' };
    const message = messageIn(bytes.subarray(at, at + headerBytes));
    at += headerBytes;
    if (message === undefined || !isRequest(message)) return { answered, end: 'BAD_REQUEST' };
    if (message['id'] !== undefined) answered.push(JSON.stringify(message['id']));
    else if (!isEvent(String(message['pattern']), message['data'])) return { answered, end: 'BAD_REQUEST' };
  }
  return { answered, end: 'open' };
}

function messageIn(header: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header));
    return isRecord(value) && depthOf(value) <= DEPTH_MAX ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRequest({ pattern, id, metadata, response }: Record<string, unknown>): boolean {
  if (isObject(response) && 'bodyBytes' in response && response.bodyBytes !== 0) return false;
  if (typeof pattern !== 'string' || pattern.length === 0 || pattern.length > PATTERN_LENGTH_MAX) return false;
  if (metadata !== undefined && !(isObject(metadata) && Object.values(metadata).every((each) => typeof each === 'string'))) return false;
  return typeof id === 'string' ? id.length <= ID_LENGTH_MAX : id === undefined || Number.isSafeInteger(id);
}

function depthOf(value: unknown): number {
  return isObject(value) ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !Array.isArray(value);
}
