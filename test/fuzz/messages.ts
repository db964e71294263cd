// Messages as a peer would send them, to be sent as they are or bent.
import { FILES_PER_MESSAGE_MAX, PROTOCOL_VERSION, cancelEventSchema } from '@p2p/protocol';
import type { IsEvent } from './fate.ts';
import type { Random } from './random.ts';

export interface Message {
  readonly pattern: string;
  readonly data: unknown;
}

/** One of the two programs, as something to shoot at. */
export interface Target {
  readonly name: 'diary' | 'peer';
  readonly port: number;
  /** A request that is right, or was so once. `unique` belongs to the connection. */
  request(random: Random, unique: string): Message;
  /** An event that is right, where there are events. */
  event(random: Random): Message | undefined;
  readonly isEvent: IsEvent;
  /** Requests sent at once, below what a connection may have under way: beyond it answers are BUSY, which floods test. */
  readonly batchMax: number;
}

/** Numbers of watches and requests: few, so that they meet. */
const NUMBERS = 40;

export function peerTarget(port: number, fileId: string): Target {
  const file = (random: Random): string => (random.chance(0.8) ? fileId : random.hex(64));
  const number = (random: Random): number => random.int(NUMBERS);
  const requests: readonly ((random: Random) => Message)[] = [
    (random) => ({
      pattern: 'peer.hello',
      data: { version: random.chance(0.9) ? PROTOCOL_VERSION : random.int(9), peer: `f${random.int(9)}` },
    }),
    (random) => ({ pattern: 'manifest.get', data: { file: file(random) } }),
    (random) => ({ pattern: 'availability.watch', data: { watch: number(random), file: file(random) } }),
    (random) => ({
      pattern: 'segment.get',
      data: {
        request: random.chance(0.3) ? number(random) : random.int(2 ** 32),
        file: file(random),
        segment: random.chance(0.8) ? 0 : random.int(1 << 20),
        codecs: random.pick([['identity'], ['deflate', 'identity'], ['identity', 'deflate', 'zstd'], ['zstd']]),
        receiverBound: random.chance(0.5),
      },
    }),
    (random) => ({ pattern: 'segment.dispute', data: { file: random.hex(64), segment: random.int(4) } }),
    (random) => ({ pattern: random.pick(['peer.join', 'nothing', 'segment.cancel', '__proto__', 'x'.repeat(128)]), data: {} }),
  ];
  return {
    name: 'peer',
    port,
    request: (random) => random.pick(requests)(random),
    event: (random) =>
      random.chance(0.5)
        ? { pattern: 'segment.cancel', data: { request: number(random) } }
        : { pattern: 'availability.unwatch', data: { watch: number(random) } },
    isEvent: (pattern, data) =>
      pattern === 'segment.cancel'
        ? cancelEventSchema.safeParse(data).success
        : pattern === 'availability.unwatch' &&
          cancelEventSchema.safeParse({ request: (data as { watch?: unknown } | null)?.watch }).success,
    batchMax: 32,
  };
}

export function diaryTarget(port: number): Target {
  const after = (random: Random): object => (random.chance(0.5) ? {} : { after: { name: `f/${random.int(99)}`, id: random.hex(64) } });
  const limit = (random: Random): number => 1 + random.int(10);
  const watch = (random: Random): number => random.int(NUMBERS);
  // One of few, so that contents have several holders and watches see them come and go.
  const id = (random: Random): string => String(random.int(50)).padStart(64, '0');
  const files = (random: Random, make: () => object): object[] =>
    Array.from({ length: 1 + random.int(random.chance(0.05) ? FILES_PER_MESSAGE_MAX : 3) }, make);
  const name = (random: Random): string => (random.chance(0.02) ? `f/${'n'.repeat(200)}/${random.int(99)}` : `f/${random.int(99)}`);
  const join = (random: Random, unique: string): Message => ({
    pattern: 'peer.join',
    data: {
      version: random.chance(0.9) ? PROTOCOL_VERSION : random.int(9),
      peer: unique,
      key: random.hex(32),
      incarnation: random.int(2 ** 40),
      host: '127.0.0.1',
      port: 1 + random.int(65_535),
    },
  });
  const requests: readonly ((random: Random, unique: string) => Message)[] = [
    join,
    (random) => ({ pattern: random.pick(['peer.renew', 'peer.renew', 'peer.drain', 'peer.leave']), data: {} }),
    (random) => ({
      pattern: 'files.announce',
      data: { files: files(random, () => ({ id: id(random), name: name(random), bytes: random.int(2 ** 40), state: 'complete' })) },
    }),
    (random) => ({ pattern: 'files.withdraw', data: { files: files(random, () => ({ id: id(random) })) } }),
    (random) => ({ pattern: 'catalogue.list', data: { limit: limit(random), ...after(random) } }),
    (random, unique) => ({ pattern: 'catalogue.ofPeer', data: { peer: unique, limit: limit(random), ...after(random) } }),
    (random) => ({ pattern: 'catalogue.find', data: random.chance(0.5) ? { name: name(random) } : { id: id(random) } }),
    (random) => ({ pattern: 'holders.watch', data: { watch: watch(random), file: id(random), limit: 1 + random.int(64) } }),
    (random) => ({ pattern: 'holders.sample', data: { watch: watch(random), exclude: ['a', 'b'] } }),
    (random) => ({ pattern: 'holders.unwatch', data: { watch: watch(random) } }),
    (random) => ({ pattern: random.pick(['peer.hello', 'nothing', 'hasOwnProperty', 'x'.repeat(128)]), data: {} }),
  ];
  return {
    name: 'diary',
    port,
    // Nothing much can be asked without a lease.
    request: (random, unique) => (random.chance(0.1) ? join(random, unique) : random.pick(requests)(random, unique)),
    event: () => undefined,
    isEvent: () => false,
    batchMax: 64,
  };
}
