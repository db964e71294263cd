import type { JoinRequest } from '@p2p/protocol';
import { ReplaySubject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { LeaseTable } from './lease-table.js';
import type { LeaseConnection } from './lease.js';

const TTL_MS = 1_000;

/** A connection whose close comes when the test says, however early it was destroyed. */
class SlowlyClosing implements LeaseConnection {
  static #lastId = 0;
  readonly id = ++SlowlyClosing.#lastId;
  readonly remoteAddress = '127.0.0.1';
  readonly closed = new ReplaySubject<void>(1);
  isDestroyed = false;

  destroy(): void {
    this.isDestroyed = true;
  }

  close(): void {
    this.closed.next();
    this.closed.complete();
  }
}

function request(peer: string, more: Partial<JoinRequest> = {}): JoinRequest {
  return { version: 1, peer, key: '0'.repeat(32), incarnation: 1, host: '127.0.0.1', port: 4000, ...more };
}

function table(options: { peersMax?: number } = {}): { leases: LeaseTable; ends: string[]; passes(ms: number): void } {
  let nowMs = 0;
  const leases = new LeaseTable({ ttlMs: TTL_MS, now: () => nowMs, ...options });
  const ends: string[] = [];
  leases.ended.subscribe(({ lease, reason }) => ends.push(`${lease.joined.peer} ${lease.joined.incarnation} ${reason}`));
  const passes = (ms: number): void => {
    for (const end = nowMs + ms; nowMs < end;) {
      nowMs += leases.sweepIntervalMs;
      leases.sweep();
    }
  };
  return { leases, ends, passes };
}

describe('a lease that is not renewed', () => {
  test('ends with its time and not before', () => {
    const { leases, ends, passes } = table();
    const connection = new SlowlyClosing();
    leases.join(connection, request('ann'));
    passes(TTL_MS - leases.sweepIntervalMs);
    expect(ends).toEqual([]);
    passes(leases.sweepIntervalMs);
    expect(ends).toEqual(['ann 1 lease_expired']);
    expect(connection.isDestroyed).toBe(true);
  });

  test('ends once, though its connection closes afterwards', () => {
    const { leases, ends, passes } = table();
    const connection = new SlowlyClosing();
    leases.join(connection, request('ann'));
    passes(TTL_MS);
    connection.close();
    expect(ends).toEqual(['ann 1 lease_expired']);
  });
});

test('a lease that is renewed lasts', () => {
  const { leases, ends, passes } = table();
  const connection = new SlowlyClosing();
  leases.join(connection, request('ann'));
  for (let renewals = 0; renewals < 10; renewals++) {
    passes(TTL_MS / 2);
    leases.renew(connection);
  }
  expect(ends).toEqual([]);
});

describe('a newer life', () => {
  test('outlives the close of the old connection, however late that comes', () => {
    const { leases, ends } = table();
    const [old, young] = [new SlowlyClosing(), new SlowlyClosing()];
    leases.join(old, request('ann', { incarnation: 1 }));
    leases.join(young, request('ann', { incarnation: 2 }));
    old.close();
    expect(ends).toEqual(['ann 1 replaced']);
    expect(leases.of(young).joined.incarnation).toBe(2);
  });

  test('leaves the old connection without a lease and closes it', () => {
    const { leases } = table();
    const [old, young] = [new SlowlyClosing(), new SlowlyClosing()];
    leases.join(old, request('ann', { incarnation: 1 }));
    leases.join(young, request('ann', { incarnation: 2 }));
    expect(old.isDestroyed).toBe(true);
    expect(() => leases.renew(old)).toThrow(expect.objectContaining({ code: 'NOT_JOINED' }));
    expect(() => leases.leave(old)).toThrow(expect.objectContaining({ code: 'NOT_JOINED' }));
  });

  test('is let in when all places are taken, because it takes its own', () => {
    const { leases } = table({ peersMax: 1 });
    leases.join(new SlowlyClosing(), request('ann', { incarnation: 1 }));
    leases.join(new SlowlyClosing(), request('ann', { incarnation: 2 }));
    expect(() => leases.join(new SlowlyClosing(), request('ben'))).toThrow(expect.objectContaining({ code: 'BUSY' }));
  });
});

test('a refused join leaves the living peer its lease', () => {
  const { leases, ends } = table();
  const living = new SlowlyClosing();
  leases.join(living, request('ann', { incarnation: 5 }));
  const stranger = request('ann', { key: '1'.repeat(32), incarnation: 9 });
  expect(() => leases.join(new SlowlyClosing(), stranger)).toThrow(expect.objectContaining({ code: 'PEER_ID_TAKEN' }));
  expect(() => leases.join(new SlowlyClosing(), request('ann', { incarnation: 4 }))).toThrow(
    expect.objectContaining({ code: 'PEER_ID_TAKEN' }),
  );
  leases.renew(living);
  expect(ends).toEqual([]);
});

test('a connection that closed before its join was looked at gets no lease', () => {
  const { leases, ends } = table();
  const connection = new SlowlyClosing();
  connection.close();
  expect(() => leases.join(connection, request('ann'))).toThrow(expect.objectContaining({ code: 'CONNECTION_LOST' }));
  expect(ends).toEqual(['ann 1 connection_closed']);
  expect(leases.size).toBe(0);
});
