import { describe, expect, it } from 'vitest';
import { Failure } from './failure.js';
import {
  ABORT_FRAME,
  FRAME_BOUNDS,
  announcedBodyBytes,
  decodeHeader,
  decodePrefix,
  encodeChunkPrefix,
  encodeMessageFrame,
} from './frame.js';
import { BODY_CHUNK_BYTES_MAX, FRAME_HEADER_BYTES_MAX, FRAME_HEADER_DEPTH_MAX, FRAME_PREFIX_BYTES } from './limits.js';

const text = new TextEncoder();

function prefix(headerBytes: number, bodyBytes: number): Uint8Array {
  const bytes = new Uint8Array(FRAME_PREFIX_BYTES);
  new DataView(bytes.buffer).setUint32(0, headerBytes, true);
  new DataView(bytes.buffer).setUint32(4, bodyBytes, true);
  return bytes;
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof Failure ? error.code : 'no failure';
  }
  return 'no throw';
}

describe('a message frame', () => {
  it('is the little-endian length of its JSON, four zero bytes and the JSON', () => {
    expect([...encodeMessageFrame({ a: 'é' })]).toEqual([10, 0, 0, 0, 0, 0, 0, 0, ...text.encode('{"a":"é"}')]);
  });

  it('of exactly the largest header is encoded, of one byte more LIMIT_EXCEEDED', () => {
    const room = FRAME_HEADER_BYTES_MAX - '{"a":""}'.length;
    expect(encodeMessageFrame({ a: 'x'.repeat(room) }).length).toBe(FRAME_PREFIX_BYTES + FRAME_HEADER_BYTES_MAX);
    expect(codeOf(() => encodeMessageFrame({ a: 'x'.repeat(room + 1) }))).toBe('LIMIT_EXCEEDED');
  });

  it('is measured in bytes and not in characters', () => {
    expect(codeOf(() => encodeMessageFrame({ a: 'é'.repeat(FRAME_HEADER_BYTES_MAX / 2) }))).toBe('LIMIT_EXCEEDED');
  });
});

describe('a prefix', () => {
  it('of a chunk has no header', () => {
    expect([...encodeChunkPrefix(0x01020304)]).toEqual([0, 0, 0, 0, 4, 3, 2, 1]);
  });

  it('that gives a body up is eight zero bytes', () => {
    expect([...ABORT_FRAME]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(decodePrefix(ABORT_FRAME, FRAME_BOUNDS)).toEqual({ headerBytes: 0, bodyBytes: 0 });
  });

  it.each([
    ['a header at the bound', FRAME_HEADER_BYTES_MAX, 0, 'no throw'],
    ['a header past the bound', FRAME_HEADER_BYTES_MAX + 1, 0, 'LIMIT_EXCEEDED'],
    ['a header of 4 GiB', 0xffff_ffff, 0, 'LIMIT_EXCEEDED'],
    ['a chunk at the bound', 0, BODY_CHUNK_BYTES_MAX, 'no throw'],
    ['a chunk past the bound', 0, BODY_CHUNK_BYTES_MAX + 1, 'LIMIT_EXCEEDED'],
    ['a header and a body', 1, 1, 'BAD_REQUEST'],
  ])('with %s: %#', (_, headerBytes, bodyBytes, code) => {
    expect(codeOf(() => decodePrefix(prefix(headerBytes, bodyBytes), FRAME_BOUNDS))).toBe(code);
  });

  it('is read where it stands in a larger buffer', () => {
    const buffer = new Uint8Array(20);
    buffer.set(prefix(7, 0), 5);
    expect(decodePrefix(buffer.subarray(5, 13), FRAME_BOUNDS)).toEqual({ headerBytes: 7, bodyBytes: 0 });
  });
});

describe('a header', () => {
  const nested = (depth: number): Uint8Array => text.encode(`{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`);

  it('that nests as deep as allowed is read, one level deeper is BAD_REQUEST', () => {
    expect(decodeHeader(nested(FRAME_HEADER_DEPTH_MAX), FRAME_HEADER_DEPTH_MAX)).toHaveProperty('a');
    expect(codeOf(() => decodeHeader(nested(FRAME_HEADER_DEPTH_MAX + 1), FRAME_HEADER_DEPTH_MAX))).toBe('BAD_REQUEST');
  });

  it('may have any number of brackets in strings, after escaped quotes too', () => {
    const value = { a: `\\"${'['.repeat(100)}`, b: '{{{{{{{{{{{{{{{{{{{{{{' };
    expect(decodeHeader(text.encode(JSON.stringify(value)), 4)).toEqual(value);
  });

  it('may hold many shallow things beside each other', () => {
    const value = { a: Array.from({ length: 100 }, () => [{}]) };
    expect(decodeHeader(text.encode(JSON.stringify(value)), 4)).toEqual(value);
  });

  it.each(['', '{', '[]', 'null', '1', '"text"', '{"a":1}x', "{'a':1}"])('of %j is BAD_REQUEST', (json) => {
    expect(codeOf(() => decodeHeader(text.encode(json), 16))).toBe('BAD_REQUEST');
  });

  it('that is not UTF-8 is BAD_REQUEST', () => {
    expect(codeOf(() => decodeHeader(Uint8Array.of(0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d), 16))).toBe('BAD_REQUEST');
  });

  it('cannot reach the prototype of what is made of it', () => {
    const message = decodeHeader(text.encode('{"__proto__":{"polluted":true}}'), 16);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
  });
});

describe('the body a message announces', () => {
  it.each([
    [{}, 0],
    [{ bodyBytes: 5 }, 0],
    [{ response: null }, 0],
    [{ response: 'text' }, 0],
    [{ response: {} }, 0],
    [{ response: { bodyBytes: 0 } }, 0],
    [{ response: { bodyBytes: 5 } }, 5],
  ])('%j has %i bytes', (message, bodyBytes) => {
    expect(announcedBodyBytes(message)).toBe(bodyBytes);
  });

  it.each([-1, 0.5, '5', null, 2 ** 53, {}])('of %j bytes is BAD_REQUEST', (bodyBytes) => {
    expect(codeOf(() => announcedBodyBytes({ response: { bodyBytes } }))).toBe('BAD_REQUEST');
  });
});
