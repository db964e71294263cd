import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Failure } from '@p2p/protocol';
import type { PeerLink } from '../../apps/peer/src/links/peer-link.js';
import { MemoryNetwork } from '../simulation/network/memory-network.js';
import { VirtualClock } from '../simulation/network/virtual-clock.js';
import { contractFile } from './peer-link.harness.js';
import { contentOf } from './tcp-holder.js';

const file = contractFile(200_000);

function fetch(link: PeerLink, segment: number): { target: Uint8Array; bytes: number; result: string } {
  const state = { target: new Uint8Array(file.segment(segment).length), bytes: 0, result: '' };
  link.fetchSegment(
    { request: link.nextRequest(), file: file.id, segment, codecs: ['identity'], receiverBound: false, target: state.target },
    {
      onBytes: (bytes) => (state.bytes += bytes),
      onReceived: () => (state.result += 'received'),
      onFailed: ({ code }) => (state.result += code),
    },
  );
  return state;
}

describe('the virtual clock', () => {
  it('makes callbacks in the order of their time, and of being asked for', async () => {
    const clock = new VirtualClock();
    const made: string[] = [];
    const note = (name: string) => (): void => void made.push(`${name} ${clock.now()}`);
    clock.wait(20, note('c'));
    clock.wait(10, note('a'));
    clock.wait(10, note('b'));
    const takeBack = clock.wait(15, note('never'));
    clock.wait(5, () => clock.wait(2, note('nested')));
    takeBack();
    await clock.advance(19);
    expect(made).toEqual(['nested 7', 'a 10', 'b 10']);
    expect(clock.now()).toBe(19);
    expect(await clock.runUntil(() => made.length === 4, 100)).toBe(true);
    expect(clock.now()).toBe(20);
    expect(await clock.runUntil(() => false, 100)).toBe(false);
  });
});

describe('the network in memory', () => {
  it('takes the latency there and back and the time of the rate, to the millisecond', async () => {
    const clock = new VirtualClock();
    const network = new MemoryNetwork(clock);
    const holder = network.addHolder('h', { latencyMs: 10, rateBytesPerSecond: 65_536 });
    holder.share(contentOf(file), 'complete');
    const opening = network.links().open(holder.address);
    await clock.advance(40);
    const link = await opening;
    const fetched = fetch(link, 0);
    await clock.advance(1019);
    expect(fetched.result).toBe('');
    expect(fetched.bytes).toBeGreaterThan(60_000);
    await clock.advance(1);
    expect(fetched.result).toBe('received');
    expect(fetched.target).toEqual(file.segment(0));
  });

  it('a silent holder says nothing until it wakes, and cannot be connected to', async () => {
    const clock = new VirtualClock();
    const network = new MemoryNetwork(clock);
    const holder = network.addHolder('h', { latencyMs: 1, rateBytesPerSecond: 1_000_000 });
    holder.share(contentOf(file), 'complete');
    const opening = network.links().open(holder.address);
    await clock.advance(10);
    const link = await opening;
    const fetched = fetch(link, 0);
    await clock.advance(25);
    const { bytes } = fetched;
    expect(bytes).toBeGreaterThan(0);
    holder.silence();
    const other = network.links().open(holder.address);
    const refused = other.catch((error: Failure) => error.code);
    await clock.advance(10_000);
    expect(fetched).toMatchObject({ bytes, result: '' });
    expect(await refused).toBe('TIMED_OUT');
    holder.wake();
    await clock.advance(100);
    expect(fetched.result).toBe('received');
    expect(fetched.target).toEqual(file.segment(0));
  });

  it('a holder that is silent about a cancel gives the buffer back all the same', async () => {
    const clock = new VirtualClock();
    const network = new MemoryNetwork(clock);
    const holder = network.addHolder('h');
    holder.share(contentOf(file), 'complete');
    const opening = network.links().open(holder.address);
    await clock.advance(1);
    const link = await opening;
    holder.silence();
    const fetched = fetch(link, 0);
    await clock.advance(1);
    link.cancel(1);
    await clock.advance(4900);
    expect(fetched.result).toBe('');
    await clock.advance(200);
    expect(fetched.result).toBe('CANCELLED');
    holder.wake();
    await clock.advance(1000);
    expect(fetched).toMatchObject({ result: 'CANCELLED', bytes: 0 });
    expect(fetched.target.every((byte) => byte === 0)).toBe(true);
  });

  it('a lying holder sends a segment with a wrong byte, in the right shape', async () => {
    const clock = new VirtualClock();
    const network = new MemoryNetwork(clock);
    const holder = network.addHolder('h', { lie: 'wrong_bytes' });
    holder.share(contentOf(file), 'complete');
    const opening = network.links().open(holder.address);
    await clock.advance(1);
    const fetched = fetch(await opening, 0);
    await clock.advance(1);
    expect(fetched.result).toBe('received');
    expect(fetched.target).not.toEqual(file.segment(0));
  });

  it('the next life of a dead holder is reached under its new incarnation', async () => {
    const clock = new VirtualClock();
    const network = new MemoryNetwork(clock);
    const links = network.links();
    const first = network.addHolder('h');
    const opening = links.open(first.address);
    await clock.advance(1);
    const link = await opening;
    const closed = firstValueFrom(link.closed);
    first.kill();
    expect((await closed).code).toBe('CONNECTION_LOST');
    const second = network.addHolder('h', {}, { ...first.address, incarnation: 2 });
    const again = links.open(second.address);
    await clock.advance(1);
    expect((await again).holder.incarnation).toBe(2);
  });
});
