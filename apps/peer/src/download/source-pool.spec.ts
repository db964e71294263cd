import { Failure } from '@p2p/protocol';
import type { TransferEvent } from '@p2p/transfer';
import { Subject } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import type { MemoryHolder } from '../../../../test/simulation/network/memory-holder.js';
import { MemoryNetwork } from '../../../../test/simulation/network/memory-network.js';
import { systemClock } from './clock.js';
import { SourcePool } from './source-pool.js';
import { contentOf, MemoryDirectory, silentLogger } from './spec-helper.js';

const content = contentOf(1_000_000);
const open: SourcePool[] = [];

afterEach(() => {
  for (const pool of open.splice(0)) pool.close();
});

function stage(sourcesMax = 16) {
  const network = new MemoryNetwork(systemClock);
  const directory = new MemoryDirectory();
  const events: TransferEvent[] = [];
  const changes = new Subject<void>();
  let malformed = 0;
  const pool = new SourcePool(
    { directory, links: network.links(), clock: systemClock, random: () => 0.5, logger: silentLogger },
    {
      file: content.file,
      self: 'me',
      sourcesMax,
      onConnected: () => undefined,
      onEvent: (event) => {
        events.push(event);
        changes.next();
      },
      onLosing: () => undefined,
      onMalformed: () => malformed++,
    },
  );
  open.push(pool);
  pool.watchAvailability(content.segmentCount);
  pool.open();
  const holder = (peer: string, have: 'complete' | readonly number[] = 'complete'): MemoryHolder => {
    const made = network.addHolder(peer);
    made.share(content, have);
    directory.upsert(content.file, made);
    return made;
  };
  /** Resolves when an event of this kind and source has come, be it before. */
  const seen = async (kind: TransferEvent['kind'], source: string, times = 1): Promise<void> => {
    await expect
      .poll(() => events.filter((event) => event.kind === kind && 'source' in event && event.source === source).length)
      .toBeGreaterThanOrEqual(times);
  };
  return { network, directory, events, pool, holder, seen, malformed: () => malformed };
}

describe('the sources of a download', () => {
  it('join with what they have, and tell what they gain', async () => {
    const { events, holder, seen } = stage();
    const partial = holder('part', [1, 3]);
    await seen('source_joined', 'part');
    partial.gain(content.file, [3, 4]);
    await seen('source_gained', 'part');
    partial.gain(
      content.file,
      Array.from({ length: content.segmentCount }, (_, index) => index),
    );
    await seen('source_completed', 'part');
    const [joined, gained] = events;
    expect(
      joined?.kind === 'source_joined' &&
        joined.have !== 'complete' &&
        [0, 1, 3, 4].map((index) => joined.have !== 'complete' && joined.have.has(index)),
    ).toEqual([false, true, true, false]);
    expect(gained).toMatchObject({ segments: [4] });
  });

  it('are never more than allowed; when one dies another takes its place', async () => {
    const { holder, pool, events, seen } = stage(2);
    const holders = new Map(['a', 'b', 'c'].map((peer) => [peer, holder(peer)]));
    await expect.poll(() => events.filter((event) => event.kind === 'source_joined').length).toBe(2);
    expect(pool.connectedCount).toBe(2);
    const joined = events.flatMap((event) => (event.kind === 'source_joined' ? [event.source] : []));
    const third = ['a', 'b', 'c'].find((peer) => !joined.includes(peer)) ?? '';
    holders.get(joined[0] ?? '')?.kill();
    await seen('source_left', joined[0] ?? '');
    await seen('source_joined', third);
    expect(pool.connectedCount).toBe(2);
  });

  it('are connected again after they were lost, and left alone once quarantined', async () => {
    const { holder, pool, seen } = stage();
    holder('a');
    await seen('source_joined', 'a');
    pool.disconnect('a', { closeLink: true, reason: 'silent' });
    await seen('source_left', 'a');
    await seen('source_joined', 'a', 2);
    pool.quarantine('a', 0);
    await seen('source_left', 'a', 2);
    expect(pool.connectedCount).toBe(0);
    pool.findMore(() => true);
    expect(pool.connectedCount).toBe(0);
  });

  it('that drain say so and are not connected anew', async () => {
    const { holder, directory, pool, seen } = stage();
    const draining = holder('a');
    await seen('source_joined', 'a');
    directory.upsert(content.file, draining, { draining: true });
    await seen('source_draining', 'a');
    expect(pool.linkOf('a')).toBeDefined();
    pool.disconnect('a', { closeLink: false, reason: 'spec' });
    pool.findMore(() => true);
    expect(pool.linkOf('a')).toBeUndefined();
  });

  it('that withdraw the file are lost, and may come back', async () => {
    const { holder, seen } = stage();
    const changed = holder('a');
    await seen('source_joined', 'a');
    changed.withdraw(content.file, new Failure('FILE_CHANGED', 'it changed'));
    await seen('source_left', 'a');
    changed.share(content, 'complete');
    await seen('source_joined', 'a', 2);
  });

  it('that say they have what the file has not are cut off and counted', async () => {
    const { holder, seen, malformed, pool } = stage();
    const liar = holder('a', [0]);
    await seen('source_joined', 'a');
    liar.gain(content.file, [content.segmentCount + 7]);
    await expect.poll(malformed).toBe(1);
    await seen('source_left', 'a');
    expect(pool.linkOf('a')).toBeUndefined();
  });

  it('with nothing useful give way to one not tried yet, when places are taken and more are wanted', async () => {
    const { holder, pool, seen, directory } = stage(1);
    holder('useless', [0]);
    await seen('source_joined', 'useless');
    holder('other');
    pool.findMore((have) => have === 'complete');
    await seen('source_left', 'useless');
    await seen('source_joined', 'other');
    expect(directory.asked.at(-1)?.toSorted()).toEqual(['other', 'useless']);
  });
});
