import { HOLDERS_SAMPLE_MAX } from '@p2p/protocol';
import type { Holder, WatchEvent } from '@p2p/protocol';
import { describe, expect, test } from 'vitest';
import type { HolderChange } from '../catalogue/catalogue-store.js';
import { WATCH_TOLD_MAX } from '../limits.js';
import { FileWatches } from './file-watches.js';
import { Watch } from './watch.js';

const FILE = '0'.repeat(64);

function holder(peer: string, more: Partial<Holder> = {}): Holder {
  return { peer, incarnation: 1, host: '127.0.0.1', port: 4000, state: 'complete', draining: false, ...more };
}

function came(peer: string, more: Partial<Holder> = {}): HolderChange {
  return { kind: 'upserted', file: FILE, holder: holder(peer, more), total: 9 };
}

function went(peer: string, incarnation = 1): HolderChange {
  return { kind: 'left', file: FILE, peer, incarnation, reason: 'connection_closed', total: 8 };
}

/** A watch among the watches of its file, and what it pushed. */
function watching(limit: number, files = new FileWatches()): { watch: Watch; files: FileWatches; events: WatchEvent[] } {
  const events: WatchEvent[] = [];
  const watch = new Watch({ file: FILE, asker: 'me', limit, epoch: 'e', listener: files, push: (event) => events.push(event) });
  files.add(watch);
  return { watch, files, events };
}

function opened(limit: number, peers: readonly string[]): ReturnType<typeof watching> {
  const subject = watching(limit);
  subject.watch.open({ holders: peers.map((peer) => holder(peer)), total: peers.length });
  subject.files.opened(subject.watch);
  subject.events.length = 0;
  return subject;
}

describe('a watch', () => {
  test('pushes what happened in one turn as one message', () => {
    const { watch, files, events } = opened(8, ['ann', 'ben']);
    for (const change of [went('ann'), came('cat'), came('ben', { draining: true })]) files.offer(change);
    watch.flush();
    expect(events).toEqual([
      {
        epoch: 'e',
        snapshot: false,
        upserted: [holder('cat'), holder('ben', { draining: true })],
        left: [{ peer: 'ann', incarnation: 1, reason: 'connection_closed' }],
        total: 9,
      },
    ]);
  });

  test('tells of both lives when a newer one takes over within a turn', () => {
    const { watch, files, events } = opened(8, ['ann']);
    files.offer(went('ann', 1));
    files.offer(came('ann', { incarnation: 2 }));
    watch.flush();
    expect(events).toMatchObject([{ upserted: [{ peer: 'ann', incarnation: 2 }], left: [{ peer: 'ann', incarnation: 1 }] }]);
  });

  test('tells of no departure when the same life is back within a turn', () => {
    const { watch, files, events } = opened(8, ['ann']);
    files.offer(went('ann'));
    files.offer(came('ann'));
    watch.flush();
    expect(events).toMatchObject([{ upserted: [{ peer: 'ann' }], left: [] }]);
  });

  test('passes over the departure of a life it was not told of', () => {
    const { files } = opened(8, ['ann']);
    expect(files.offer(went('ann', 7))).toEqual([]);
    expect(files.offer(went('nobody'))).toEqual([]);
  });

  test('passes over new holders while it has been told of enough, and over its own asker always', () => {
    const { files } = opened(2, ['ann', 'ben']);
    expect(files.offer(came('cat'))).toEqual([]);
    expect(files.offer(came('me'))).toEqual([]);
    files.offer(went('ann'));
    expect(files.offer(came('dan'))).toHaveLength(1);
    expect(files.offer(came('eve'))).toEqual([]);
  });

  test('hears of what happened between its beginning and its first sample', () => {
    const { watch, files, events } = watching(8);
    files.offer(went('ann'));
    files.offer(came('ben'));
    watch.open({ holders: [holder('ann')], total: 1 });
    files.opened(watch);
    watch.flush();
    expect(
      events.map(({ snapshot, upserted, left }) => ({
        snapshot,
        came: upserted.map(({ peer }) => peer),
        went: left.map(({ peer }) => peer),
      })),
    ).toEqual([
      { snapshot: true, came: ['ann'], went: [] },
      { snapshot: false, came: ['ben'], went: ['ann'] },
    ]);
  });

  test('pushes no message with more holders or departures than the protocol allows', () => {
    const peers = Array.from({ length: HOLDERS_SAMPLE_MAX + 1 }, (_, number) => `peer-${number}`);
    const { watch, files, events } = opened(HOLDERS_SAMPLE_MAX, []);
    watch.add({ holders: peers.map((peer) => holder(peer)), total: peers.length });
    watch.flush();
    for (const peer of peers) files.offer(went(peer));
    watch.flush();
    expect(events.map(({ upserted, left }) => [upserted.length, left.length])).toEqual([
      [64, 0],
      [1, 0],
      [0, 64],
      [0, 1],
    ]);
  });

  test('that asks for more and more forgets the longest told, whose departure it then does not tell', () => {
    const { watch, files } = opened(1, ['oldest']);
    for (let number = 0; number < WATCH_TOLD_MAX; number++) watch.add({ holders: [holder(`peer-${number}`)], total: 1 });
    expect([...watch.told]).toHaveLength(WATCH_TOLD_MAX);
    expect(files.offer(went('oldest'))).toEqual([]);
    expect(files.offer(went('peer-0'))).toEqual([watch]);
  });

  test('that was removed is offered nothing', () => {
    const { watch, files } = opened(8, ['ann']);
    files.remove(watch);
    expect(files.isEmpty).toBe(true);
    expect(files.offer(went('ann'))).toEqual([]);
    expect(files.offer(came('ben'))).toEqual([]);
  });
});
