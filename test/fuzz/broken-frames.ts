// Frames that break a rule, each of which must cost its sender the connection, and nobody else anything.
import { BODY_CHUNK_BYTES_MAX, FRAME_HEADER_BYTES_MAX, encodeMessageFrame } from '@p2p/protocol';
import type { Random } from './random.ts';
import { anyValue } from './values.ts';

const U32_MAX = 0xffff_ffff;

export function prefix(headerBytes: number, bodyBytes: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, headerBytes, true);
  view.setUint32(4, bodyBytes, true);
  return bytes;
}

/** A frame whose header are these bytes, whatever they are. */
export function frameOf(header: string | Uint8Array): Uint8Array {
  const bytes = typeof header === 'string' ? Buffer.from(header) : header;
  return Buffer.concat([prefix(bytes.length, 0), bytes]);
}

const nest = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

const KINDS: readonly ((random: Random) => Uint8Array)[] = [
  // Lengths at and beyond the limits, and all the way to the end of their field.
  (random) => prefix(FRAME_HEADER_BYTES_MAX + 1 + (random.chance(0.5) ? 0 : random.int(U32_MAX - FRAME_HEADER_BYTES_MAX)), 0),
  (random) => prefix(0, BODY_CHUNK_BYTES_MAX + 1 + (random.chance(0.5) ? 0 : random.int(U32_MAX - BODY_CHUNK_BYTES_MAX))),
  (random) => prefix(1 + random.int(FRAME_HEADER_BYTES_MAX), 1 + random.int(BODY_CHUNK_BYTES_MAX)),
  (random) => prefix(0, random.pick([0, 1, BODY_CHUNK_BYTES_MAX])),
  (random) => Buffer.concat([prefix(0, 16), random.bytes(16)]),
  // Noise, bare and as a header of the length it says.
  (random) => random.bytes(8 + random.int(200)),
  (random) => frameOf(random.bytes(1 + random.int(300))),
  () => frameOf(new Uint8Array(FRAME_HEADER_BYTES_MAX)),
  // JSON, but no message.
  (random) => frameOf(JSON.stringify(random.pick<unknown>([null, 1, 'text', [], [{ pattern: 'peer.hello', id: 1 }], true]))),
  (random) => frameOf(`{"pattern":"peer.hello","id":1,"data":${nest(16 + random.int(2000))}}`),
  () => frameOf('['.repeat(FRAME_HEADER_BYTES_MAX)),
  (random) => encodeMessageFrame({ pattern: random.pick<unknown>([null, '', 5, {}, [], 'p'.repeat(129)]), id: 1, data: {} }),
  (random) => encodeMessageFrame({ pattern: 'peer.hello', id: random.pick<unknown>([null, {}, [], 0.5, 2 ** 53, true, 'i'.repeat(65)]) }),
  (random) =>
    encodeMessageFrame({
      pattern: 'peer.hello',
      id: 1,
      metadata: random.pick<unknown>([null, 1, 'text', [1], { a: anyValue(random, 0), b: 1 }]),
    }),
  (random) => encodeMessageFrame({ pattern: 'peer.hello', id: 1, response: { bodyBytes: random.pick([1, -1, 0.5, 2 ** 53, '1', null]) } }),
  // Events that are none, and answers to nothing.
  (random) =>
    encodeMessageFrame({ pattern: random.pick(['nothing', 'peer.hello', 'peer.join', 'segment.get', 'holders.watch']), data: {} }),
  (random) =>
    encodeMessageFrame({ pattern: random.pick(['segment.cancel', 'availability.unwatch']), data: { request: -1, watch: 2 ** 32 } }),
  (random) => encodeMessageFrame({ id: random.int(9), response: {}, isDisposed: true }),
];

export function brokenFrame(random: Random): Uint8Array {
  return random.pick(KINDS)(random);
}

/** A frame with some of its bytes flipped, removed, doubled or cut off. */
export function bentFrame(frame: Uint8Array, random: Random): Uint8Array {
  let bytes = Buffer.from(frame);
  for (let count = 1 + random.int(3); count > 0; count -= 1) {
    // Half of the time where the lengths are.
    const at = random.int(random.chance(0.5) ? 8 : bytes.length);
    switch (random.int(4)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(8));
        break;
      case 1:
        bytes[at] = random.int(256);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.int(4))]);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.int(4)), bytes.subarray(at)]);
    }
    if (bytes.length === 0) return random.bytes(1);
  }
  return bytes;
}
