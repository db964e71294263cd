import { describe, expect, it } from 'vitest';
import { UploadBuffers } from './upload-buffers.js';

const MIB = 1024 * 1024;
const never = new AbortController().signal;

describe('a budget that is spent', () => {
  it('is shared in turn by connection, however much one of them asks for', async () => {
    const buffers = new UploadBuffers({ bytesMax: MIB, waitingMax: 10, idleMs: 1000 });
    let current = await buffers.lease(1, MIB, never);
    const order: string[] = [];
    const asked = [
      [1, '1a'],
      [1, '1b'],
      [1, '1c'],
      [2, '2a'],
      [3, '3a'],
    ] as const;
    const turns = asked.map(([connection, label]) =>
      buffers.lease(connection, MIB, never).then((lease) => (order.push(label), (current = lease))),
    );
    for (let turn = 0; turn < asked.length; turn++) {
      current.release();
      await Promise.race(turns.slice());
      await new Promise(setImmediate);
    }
    expect(order).toEqual(['1a', '2a', '3a', '1b', '1c']);
    current.release();
    expect(buffers.lentBytes).toBe(0);
    buffers.close();
  });

  it('one waiter past the bound is told BUSY, and one that is cancelled makes room', async () => {
    const buffers = new UploadBuffers({ bytesMax: MIB, waitingMax: 1, idleMs: 1000 });
    const first = await buffers.lease(1, MIB, never);
    const cancelling = new AbortController();
    const waiting = buffers.lease(2, MIB, cancelling.signal);
    await expect(buffers.lease(3, MIB, never)).rejects.toMatchObject({ code: 'BUSY', retryAfterMs: 100 });
    cancelling.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    const next = buffers.lease(3, MIB, never);
    first.release();
    (await next).release();
    expect(buffers.lentBytes).toBe(0);
    buffers.close();
  });
});

it('a buffer that was given back is lent again, and one whose content became smaller makes room', async () => {
  const buffers = new UploadBuffers({ bytesMax: MIB, waitingMax: 1, idleMs: 1000 });
  const first = await buffers.lease(1, MIB, never);
  const memory = first.buffer();
  first.releaseBuffer(1000);
  expect(buffers.lentBytes).toBe(1000);
  const second = await buffers.lease(1, MIB - 1000, never);
  expect(second.buffer()).toBe(memory);
  first.release();
  first.release();
  second.release();
  expect(buffers.lentBytes).toBe(0);
  buffers.close();
  expect(buffers.freeBytes).toBe(0);
});
