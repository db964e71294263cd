import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from './failure.js';
import { ABORT_FRAME, encodeChunkPrefix, encodeMessageFrame } from './frame.js';
import { FrameReader, type FrameSink } from './frame-reader.js';

/** Writes down what a reader tells. */
class Recorder implements FrameSink {
  readonly told: string[] = [];
  readonly bodies: Uint8Array[] = [];
  /** What `onBodyStart` answers. */
  target: (bodyBytes: number) => Uint8Array | null = (bodyBytes) => new Uint8Array(bodyBytes);
  #bytes = 0;

  onMessage(message: Record<string, unknown>): void {
    this.told.push(`message ${JSON.stringify(message)}`);
  }
  onBodyStart(message: Record<string, unknown>, bodyBytes: number): Uint8Array | null {
    this.told.push(`start ${String(message['id'])} ${bodyBytes}`);
    this.#bytes = 0;
    const target = this.target(bodyBytes);
    if (target !== null) this.bodies.push(target);
    return target;
  }
  onBodyBytes(_: Record<string, unknown>, newBytes: number): void {
    this.#bytes += newBytes;
  }
  onBodyEnd(message: Record<string, unknown>): void {
    this.told.push(`end ${String(message['id'])} ${this.#bytes}`);
  }
  onBodyAborted(message: Record<string, unknown>): void {
    this.told.push(`aborted ${String(message['id'])} ${this.#bytes}`);
  }
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function thrownBy(act: () => void): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

const chunk = (bytes: Uint8Array): Uint8Array => concat(encodeChunkPrefix(bytes.length), bytes);
const announce = (id: number, bodyBytes: number): Uint8Array => encodeMessageFrame({ id, response: { bodyBytes } });
const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 7 + 3) & 0xff);

const BODY = pattern(30);
/** A message, a body in two chunks with a message between, a body given up, a message. */
const CONVERSATION = concat(
  encodeMessageFrame({ id: 1 }),
  announce(2, 30),
  chunk(BODY.subarray(0, 11)),
  encodeMessageFrame({ id: 3 }),
  chunk(BODY.subarray(11)),
  announce(4, 9),
  chunk(pattern(2)),
  ABORT_FRAME,
  encodeMessageFrame({ id: 5 }),
);
const TOLD = ['message {"id":1}', 'start 2 30', 'message {"id":3}', 'end 2 30', 'start 4 9', 'aborted 4 2', 'message {"id":5}'];

describe('a conversation', () => {
  it.each(['in one piece', 'byte by byte'])('%s is told in order', (how) => {
    const record = new Recorder();
    const reader = new FrameReader(record);
    if (how === 'in one piece') reader.push(CONVERSATION);
    else for (const byte of CONVERSATION) reader.push(Uint8Array.of(byte));
    expect(record.told).toEqual(TOLD);
    expect(record.bodies[0]).toEqual(BODY);
    expect(reader.isMidway).toBe(false);
  });

  it('cut in two at every place is told alike', () => {
    for (let cut = 1; cut < CONVERSATION.length; cut++) {
      const record = new Recorder();
      const reader = new FrameReader(record);
      reader.push(CONVERSATION.subarray(0, cut));
      reader.push(CONVERSATION.subarray(cut));
      expect(record.told, `cut at ${cut}`).toEqual(TOLD);
      expect(record.bodies[0]).toEqual(BODY);
    }
  });

  it('read straight into the targets, in portions of any size, is told alike', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (portions) => {
        const record = new Recorder();
        const reader = new FrameReader(record);
        let at = 0;
        for (let step = 0; at < CONVERSATION.length; step++) {
          const target = reader.target();
          expect(target.length).toBeGreaterThan(0);
          const count = Math.min(target.length, portions[step % portions.length] ?? 1, CONVERSATION.length - at);
          target.set(CONVERSATION.subarray(at, at + count));
          at += count;
          reader.advance(count);
        }
        expect(record.told).toEqual(TOLD);
        expect(record.bodies[0]).toEqual(BODY);
      }),
    );
  });
});

describe('any bytes', () => {
  it('either are frames or throw a failure', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const reader = new FrameReader(new Recorder(), { headerBytesMax: 64, chunkBytesMax: 64 });
        expect(thrownBy(() => reader.push(bytes)) ?? new Failure('INTERNAL', 'none')).toBeInstanceOf(Failure);
      }),
    );
  });

  it('of a real conversation with one of them changed either are frames or throw a failure', () => {
    fc.assert(
      fc.property(fc.nat(CONVERSATION.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = CONVERSATION.slice();
        bytes[at] = (bytes[at] ?? 0) ^ change;
        const reader = new FrameReader(new Recorder());
        expect(thrownBy(() => reader.push(bytes)) ?? new Failure('INTERNAL', 'none')).toBeInstanceOf(Failure);
      }),
    );
  });
});

describe('where bytes belong', () => {
  it('is never past the end of what is expected', () => {
    const reader = new FrameReader(new Recorder());
    expect(reader.target().length).toBe(8);
    reader.push(announce(1, 10).subarray(0, 8));
    expect(reader.target().length).toBe(announce(1, 10).length - 8);
    reader.push(announce(1, 10).subarray(8));
    reader.push(encodeChunkPrefix(4));
    expect(reader.target().length).toBe(4);
  });

  it('is the very memory that was given for the body, and not past the chunk', () => {
    const memory = new Uint8Array(100).fill(9);
    const record = new Recorder();
    record.target = () => memory.subarray(10, 60);
    const reader = new FrameReader(record);
    reader.push(concat(announce(1, 8), encodeChunkPrefix(8)));
    expect(reader.target().buffer).toBe(memory.buffer);
    expect(reader.target().byteOffset).toBe(10);
    expect(reader.target().length).toBe(8);
    reader.push(pattern(8));
    expect(memory.subarray(10, 18)).toEqual(pattern(8));
    expect(memory[9]).toBe(9);
    expect(memory[18]).toBe(9);
  });

  it('of a body that is thrown away is a bounded place of its own', () => {
    const record = new Recorder();
    record.target = () => null;
    const reader = new FrameReader(record);
    reader.push(concat(announce(1, 1_000_000), encodeChunkPrefix(1_000_000)));
    expect(reader.target().length).toBeLessThanOrEqual(64 * 1024);
    reader.push(new Uint8Array(1_000_000));
    expect(record.told).toEqual(['start 1 1000000', 'end 1 1000000']);
  });
});

describe('what is under way', () => {
  it('is a message from its first byte to its last, and a body until its end', () => {
    const reader = new FrameReader(new Recorder());
    const states = (): [boolean, boolean] => [reader.isMidway, reader.isMidMessage];
    expect(states()).toEqual([false, false]);
    const message = announce(1, 3);
    reader.push(message.subarray(0, 1));
    expect(states()).toEqual([true, true]);
    reader.push(message.subarray(1, 12));
    expect(states()).toEqual([true, true]);
    reader.push(message.subarray(12));
    expect(states()).toEqual([true, false]);
    reader.push(concat(encodeChunkPrefix(3), pattern(1)));
    expect(states()).toEqual([true, false]);
    reader.push(pattern(2));
    expect(states()).toEqual([false, false]);
  });
});

describe('a broken rule', () => {
  const two = concat(announce(1, 10), chunk(pattern(4)));
  it.each([
    ['a chunk where no body has begun', chunk(pattern(1)), 'BAD_REQUEST'],
    ['an abort where no body has begun', ABORT_FRAME, 'BAD_REQUEST'],
    ['a chunk longer than what is missing', concat(two, encodeChunkPrefix(7)), 'LIMIT_EXCEEDED'],
    ['a chunk after the body is whole', concat(two, chunk(pattern(6)), chunk(pattern(1))), 'BAD_REQUEST'],
    ['a chunk after the body was given up', concat(two, ABORT_FRAME, chunk(pattern(1))), 'BAD_REQUEST'],
    ['a body inside a body', concat(two, announce(2, 1)), 'BAD_REQUEST'],
    ['a length that is none', encodeMessageFrame({ response: { bodyBytes: '9' } }), 'BAD_REQUEST'],
  ])('%s throws', (_, bytes, code) => {
    const reader = new FrameReader(new Recorder());
    expect(thrownBy(() => reader.push(bytes))).toMatchObject({ name: 'Failure', code });
  });

  it('exactly what is missing is taken', () => {
    const record = new Recorder();
    new FrameReader(record).push(concat(two, chunk(pattern(6))));
    expect(record.told.at(-1)).toBe('end 1 10');
  });

  it('a target that is too small is a mistake of ours', () => {
    const record = new Recorder();
    record.target = (bodyBytes) => new Uint8Array(bodyBytes - 1);
    expect(() => new FrameReader(record).push(announce(1, 5))).toThrow(expect.objectContaining({ code: 'INTERNAL' }) as Error);
  });

  it('what the owner throws to refuse a body is thrown on', () => {
    const record = new Recorder();
    record.target = () => {
      throw new Failure('LIMIT_EXCEEDED', 'too long');
    };
    expect(() => new FrameReader(record).push(announce(1, 5))).toThrow('too long');
  });
});
