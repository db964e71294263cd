import type { Holder, WatchEvent } from '@p2p/protocol';
import { describe, expect, it } from 'vitest';
import { CANDIDATES_MAX, EPOCH_GRACE_MS, RECONNECT_MS_MAX } from '../limits.js';
import { HolderBook } from './holder-book.js';

const holder = (peer: string, changes: Partial<Holder> = {}): Holder => ({
  peer,
  host: 'h',
  port: 1,
  incarnation: 1,
  state: 'complete',
  draining: false,
  ...changes,
});
const told = (upserted: Holder[], changes: Partial<WatchEvent> = {}): WatchEvent => ({
  epoch: 'one',
  snapshot: false,
  upserted,
  left: [],
  total: upserted.length,
  ...changes,
});
const left = (peer: string, incarnation = 1): Partial<WatchEvent> => ({ left: [{ peer, incarnation, reason: 'left' }] });

function bookAt(): { book: HolderBook; time: { now: number }; directory: { isConnected: boolean } } {
  const time = { now: 0 };
  const directory = { isConnected: true };
  const clock = { now: () => time.now, wait: () => () => undefined };
  return { book: new HolderBook({ directory, clock, random: () => 0.5 }, { self: 'me' }), time, directory };
}

describe('who is tried next', () => {
  it('is one that has everything before one that has a part, and never this peer itself', () => {
    const { book } = bookAt();
    book.apply(told([holder('me'), holder('part', { state: 'partial' }), holder('all')]));
    expect(book.pick()?.address.peer).toBe('all');
    expect(book.all()).toHaveLength(2);
  });

  it('is nobody who drains, is quarantined or is being connected', () => {
    const { book } = bookAt();
    book.apply(told([holder('a', { draining: true }), holder('b'), holder('c')]));
    for (const peer of ['b', 'c']) {
      const candidate = book.pick();
      expect(candidate?.address.peer).toBeDefined();
      if (candidate !== undefined && peer === 'b') candidate.quarantined = true;
      else if (candidate !== undefined) candidate.connecting = true;
    }
    expect(book.pick()).toBeUndefined();
    expect(book.nextRetryAt()).toBeUndefined();
  });

  it('is one that failed only after a wait that doubles, up to a bound', () => {
    const { book, time } = bookAt();
    book.apply(told([holder('a')]));
    const waits = Array.from({ length: 7 }, () => {
      const candidate = book.pick();
      expect(candidate).toBeDefined();
      if (candidate !== undefined) book.postpone(candidate);
      const waitMs = (book.nextRetryAt() ?? 0) - time.now;
      time.now += waitMs - 1;
      expect(book.pick()).toBeUndefined();
      time.now += 1;
      return waitMs / 0.75;
    });
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, RECONNECT_MS_MAX, RECONNECT_MS_MAX]);
  });

  it('is at once one whose new life or new address the diary tells', () => {
    const { book } = bookAt();
    book.apply(told([holder('a')]));
    const candidate = book.pick();
    if (candidate !== undefined) book.postpone(candidate);
    expect(book.pick()).toBeUndefined();
    book.apply(told([holder('a', { incarnation: 2, port: 9 })]));
    expect(book.pick()?.address).toEqual({ peer: 'a', host: 'h', port: 9, incarnation: 2 });
    book.apply(told([holder('a', { incarnation: 1 })]));
    expect(book.get('a')?.address.incarnation).toBe(2);
  });
});

describe('who is forgotten', () => {
  const failThrice = (book: HolderBook, peer: string): void => {
    const candidate = book.get(peer);
    expect(candidate).toBeDefined();
    if (candidate === undefined) return;
    for (let round = 0; round < 3; round++) book.postpone(candidate);
  };

  it('is one that left and is not connected; the late end of an older life changes nothing', () => {
    const { book } = bookAt();
    book.apply(told([holder('a', { incarnation: 2 })]));
    book.apply(told([], left('a', 1)));
    expect(book.get('a')).toBeDefined();
    book.apply(told([], left('a', 2)));
    expect(book.get('a')).toBeUndefined();
  });

  it('is nobody whom the diary lists, however often it fails', () => {
    const { book } = bookAt();
    book.apply(told([holder('a')]));
    failThrice(book, 'a');
    expect(book.get('a')).toBeDefined();
  });

  it('is, some time after a restart of the diary, one that it has not named again and that fails', () => {
    const { book, time } = bookAt();
    book.apply(told([holder('a'), holder('b')]));
    book.apply(told([holder('b')], { epoch: 'two', snapshot: true }));
    failThrice(book, 'a');
    expect(book.get('a')).toBeDefined();
    time.now = EPOCH_GRACE_MS;
    failThrice(book, 'a');
    failThrice(book, 'b');
    expect(book.get('a')).toBeUndefined();
    expect(book.get('b')).toBeDefined();
  });

  it('is nobody while the diary is away', () => {
    const { book, directory, time } = bookAt();
    book.apply(told([holder('a')]));
    directory.isConnected = false;
    time.now = 1e9;
    failThrice(book, 'a');
    expect(book.get('a')).toBeDefined();
  });

  it('is one that failed when there are too many, and else the newcomer', () => {
    const { book } = bookAt();
    for (let index = 0; index < CANDIDATES_MAX; index++) book.apply(told([holder(`p${index}`)]));
    book.apply(told([holder('late')]));
    expect(book.get('late')).toBeUndefined();
    const failed = book.get('p7');
    if (failed !== undefined) book.postpone(failed);
    book.apply(told([holder('late')]));
    expect(book.get('late')).toBeDefined();
    expect(book.get('p7')).toBeUndefined();
    expect(book.all()).toHaveLength(CANDIDATES_MAX);
  });
});
