// The lies of a lying peer: what it writes on its socket when it is asked for a segment.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { deflateSync } from 'node:zlib';
import { encodeChunkPrefix, encodeMessageFrame, type Codec } from '@p2p/protocol';

/** One request for a segment, as a liar sees it. */
export interface Asked {
  readonly socket: Socket;
  /** The envelope's, to be given back. */
  readonly id: unknown;
  readonly request: number;
  readonly segment: number;
  /** What an honest holder would send. */
  readonly honest: Uint8Array;
  /** Resolves when the asker has cancelled this request. */
  readonly cancelled: Promise<void>;
}

export type Lie = (asked: Asked) => Promise<void> | void;

const CHUNK_BYTES = 64 * 1024;
/** What the bomb would be when it is let off: a hundred times what its body may be. */
const BOMB_BYTES = 16 * 1024 * 1024;
const DRIP_INTERVAL_MS = 100;

interface Answer {
  readonly segment?: number;
  readonly rawBytes?: number;
  readonly codec?: Codec;
  /** Where it is not the length of the body. */
  readonly bodyBytes?: number;
}

function announce(asked: Asked, body: Uint8Array, claims: Answer): void {
  const { id, request, segment, honest, socket } = asked;
  const truth = { request, segment, codec: 'identity', rawBytes: honest.length, bodyBytes: body.length };
  socket.write(encodeMessageFrame({ id, response: { ...truth, ...claims }, isDisposed: true }));
}

function chunk({ socket }: Asked, bytes: Uint8Array): boolean {
  socket.write(encodeChunkPrefix(bytes.length));
  return socket.write(bytes);
}

/** A whole answer, whatever it claims. */
function answer(asked: Asked, body: Uint8Array, claims: Answer = {}): void {
  announce(asked, body, claims);
  for (let at = 0; at < body.length; at += CHUNK_BYTES) chunk(asked, body.subarray(at, at + CHUNK_BYTES));
}

export const LIES = {
  'wrong bytes': (asked) => answer(asked, randomBytes(asked.honest.length)),
  'a wrong index': (asked) => answer(asked, asked.honest, { segment: asked.segment + 1 }),
  'a wrong length': (asked) => answer(asked, asked.honest.subarray(1), { rawBytes: asked.honest.length - 1 }),
  'a decompression bomb': (asked) => answer(asked, deflateSync(Buffer.alloc(BOMB_BYTES)), { codec: 'deflate' }),
  'a body that never ends': async (asked) => {
    const { socket, honest } = asked;
    announce(asked, honest, {});
    while (!socket.destroyed) if (!chunk(asked, randomBytes(CHUNK_BYTES))) await drained(socket);
  },
  'a body of 4 GiB': (asked) => announce(asked, asked.honest, { bodyBytes: 2 ** 32 - 1 }),
  'a body that drips': (asked) => {
    announce(asked, asked.honest, {});
    let at = 0;
    const dripping = setInterval(() => chunk(asked, asked.honest.subarray(at, (at += 1))), DRIP_INTERVAL_MS);
    asked.socket.once('close', () => clearInterval(dripping));
  },
  'no answer at all': () => {},
  'answers after the cancel': async (asked) => {
    await asked.cancelled;
    answer(asked, randomBytes(asked.honest.length));
  },
} as const satisfies Readonly<Record<string, Lie>>;

async function drained(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('close', resolve);
  await Promise.race([once(socket, 'drain').catch(() => undefined), promise]);
  socket.off('close', resolve);
}
