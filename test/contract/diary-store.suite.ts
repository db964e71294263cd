import type { AnnouncedFile, HoldingState } from '@p2p/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CatalogueStore, HolderChange } from '../../apps/diary/src/catalogue/catalogue-store.js';

/** Bounds that the suite's stores are made with, small enough to be reached. */
export const STORE_BOUNDS = { peersMax: 300, filesPerPeerMax: 2_000, announcementsMax: 3_000 };

export interface StoreUnderTest {
  readonly store: CatalogueStore;
  close(): Promise<void>;
}

const id = (number: number): string => number.toString(16).padStart(64, '0');

function file(number: number, name = `file-${number}`, state: HoldingState = 'complete', bytes = 1000 + number): AnnouncedFile {
  return { id: id(number), name, bytes, state };
}

const everyone = (): boolean => true;

/** What every store of the catalogue must do. `make` gives an empty one with `STORE_BOUNDS`. */
export function catalogueStoreContract(make: () => Promise<StoreUnderTest>): void {
  let subject: StoreUnderTest;
  let store: CatalogueStore;
  let changes: HolderChange[];

  beforeEach(async () => {
    subject = await make();
    store = subject.store;
    changes = [];
    store.changes.subscribe((change) => changes.push(change));
  });

  afterEach(async () => {
    await subject.close();
  });

  async function join(peer: string, incarnation = 1): Promise<void> {
    await store.addPeer({ peer, incarnation, host: '10.0.0.1', port: 4000, draining: false });
  }

  async function pages(limit: number, peer?: string): Promise<string[]> {
    const seen: string[] = [];
    let after: { name: string; id: string } | undefined;
    for (;;) {
      const page = await (peer === undefined ? store.list({ after, limit }) : store.ofPeer(peer, { after, limit }));
      seen.push(...page.entries.map((entry) => `${entry.name} ${Number.parseInt(entry.id, 16)}`));
      expect(page.entries.length).toBeLessThanOrEqual(limit);
      if (!page.more) return seen;
      after = page.entries.at(-1);
    }
  }

  describe('announcing', () => {
    test('a content that two peers hold is one entry with both counted, whole and in part', async () => {
      await join('ann');
      await join('ben');
      await store.announce('ann', [file(1)]);
      await store.announce('ben', [file(1, 'file-1', 'partial')]);
      expect((await store.list({ limit: 10 })).entries).toEqual([{ id: id(1), name: 'file-1', bytes: 1001, complete: 1, partial: 1 }]);
    });

    test('a partial holder that announces again as complete is counted as complete only', async () => {
      await join('ann');
      await store.announce('ann', [file(1, 'a', 'partial')]);
      await store.announce('ann', [file(1, 'a', 'complete')]);
      expect((await store.list({ limit: 10 })).entries).toMatchObject([{ complete: 1, partial: 0 }]);
    });

    test('two names of one content are two entries, each with all its holders', async () => {
      await join('ann');
      await join('ben');
      await store.announce('ann', [file(1, 'a')]);
      await store.announce('ben', [file(1, 'b')]);
      expect((await store.list({ limit: 10 })).entries).toMatchObject([
        { name: 'a', complete: 2 },
        { name: 'b', complete: 2 },
      ]);
    });

    test('another size of a known content is taken, and the first one stands: whoever was wrong keeps nobody out', async () => {
      await join('ann');
      await join('ben');
      await store.announce('ann', [file(1, 'a', 'complete', 10)]);
      await store.announce('ben', [file(1, 'a', 'complete', 11)]);
      const entries = [{ id: id(1), name: 'a', bytes: 10, complete: 2, partial: 0 }];
      await expect(store.list({ limit: 10 })).resolves.toEqual({ entries, more: false });
    });

    test('two sizes for one content within a message are refused, and nothing of that message is taken', async () => {
      await join('ann');
      const files = [file(2), file(1, 'a', 'complete', 10), file(1, 'b', 'complete', 11)];
      await expect(store.announce('ann', files)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
      await expect(store.ofPeer('ann', { limit: 10 })).resolves.toEqual({ entries: [], more: false });
    });

    test('a peer that is not there announces nothing', async () => {
      await expect(store.announce('nobody', [file(1)])).rejects.toMatchObject({ code: 'NOT_JOINED' });
    });

    test('a peer may announce as many files as the bound and not one more', async () => {
      await join('ann');
      const files = Array.from({ length: STORE_BOUNDS.filesPerPeerMax }, (_, number) => file(number));
      await store.announce('ann', files);
      await expect(store.announce('ann', [file(99_999)])).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
      await store.announce('ann', [file(0)]);
    });

    test('all peers together may announce as many as the bound and not one more', async () => {
      for (const peer of ['ann', 'ben']) {
        await join(peer);
        await store.announce(
          peer,
          Array.from({ length: STORE_BOUNDS.announcementsMax / 2 }, (_, number) => file(number)),
        );
      }
      await join('cat');
      await expect(store.announce('cat', [file(0)])).rejects.toMatchObject({ code: 'BUSY' });
      await store.removePeer('ann', 'left');
      await store.announce('cat', [file(0)]);
    });

    test('as many peers as the bound are taken and not one more', async () => {
      for (let number = 0; number < STORE_BOUNDS.peersMax; number++) await join(`peer-${number}`);
      await expect(join('one-more')).rejects.toMatchObject({ code: 'BUSY' });
      await join('peer-0', 2);
    });
  });

  describe('withdrawing', () => {
    beforeEach(async () => {
      await join('ann');
      await store.announce('ann', [file(1, 'a'), file(1, 'b'), file(2, 'c')]);
      changes.length = 0;
    });

    test('one name goes and the holder stays with the other', async () => {
      await store.withdraw('ann', [{ id: id(1), name: 'a' }]);
      expect(await pages(10)).toEqual(['b 1', 'c 2']);
      expect(changes).toEqual([]);
    });

    test('with the last name the holder is gone and the content forgotten', async () => {
      await store.withdraw('ann', [{ id: id(1), name: 'a' }]);
      await store.withdraw('ann', [{ id: id(1), name: 'b' }]);
      expect(changes).toEqual([{ kind: 'left', file: id(1), peer: 'ann', incarnation: 1, reason: 'withdrawn', total: 0 }]);
      await expect(store.find({ id: id(1) })).resolves.toEqual({ matches: [], total: 0 });
    });

    test('without a name all of the content goes', async () => {
      await store.withdraw('ann', [{ id: id(1) }]);
      expect(await pages(10)).toEqual(['c 2']);
    });

    test('what is not held is passed over', async () => {
      await store.withdraw('ann', [{ id: id(9) }, { id: id(1), name: 'z' }, { id: id(2), name: 'a' }]);
      expect(await pages(10)).toEqual(['a 1', 'b 1', 'c 2']);
    });

    test("another peer's name stays", async () => {
      await join('ben');
      await store.announce('ben', [file(1, 'a')]);
      await store.withdraw('ann', [{ id: id(1) }]);
      expect((await store.list({ limit: 10 })).entries).toMatchObject([
        { name: 'a', complete: 1 },
        { name: 'c', complete: 1 },
      ]);
    });
  });

  describe('listing', () => {
    test('pages follow each other in the order of name and id, without gap or repetition, whatever the order of announcing', async () => {
      await join('ann');
      const numbers = Array.from({ length: 1_500 }, (_, number) => (number * 7_919) % 1_500);
      await store.announce(
        'ann',
        numbers.map((number) => file(number, `name-${String(number % 100).padStart(3, '0')}`)),
      );
      const expected = numbers
        .map((number) => ({ name: `name-${String(number % 100).padStart(3, '0')}`, number }))
        .sort((left, right) => (left.name === right.name ? left.number - right.number : left.name < right.name ? -1 : 1))
        .map(({ name, number }) => `${name} ${number}`);
      expect(await pages(100)).toEqual(expected);
      expect(await pages(7)).toEqual(expected);
      expect(await pages(100, 'ann')).toEqual(expected);
    });

    test('a page begins after a position that has since gone', async () => {
      await join('ann');
      await store.announce('ann', [file(1, 'a'), file(2, 'b'), file(3, 'c')]);
      await store.withdraw('ann', [{ id: id(2) }]);
      const after = { name: 'b', id: id(2) };
      expect((await store.list({ after, limit: 10 })).entries).toMatchObject([{ name: 'c' }]);
      expect((await store.ofPeer('ann', { after, limit: 10 })).entries).toMatchObject([{ name: 'c' }]);
    });

    test('a full last page says that there is no more', async () => {
      await join('ann');
      await store.announce('ann', [file(1), file(2)]);
      await expect(store.list({ limit: 2 })).resolves.toMatchObject({ more: false });
      await expect(store.list({ limit: 1 })).resolves.toMatchObject({ more: true });
    });

    test('what one peer holds is listed with the counts of all holders', async () => {
      await join('ann');
      await join('ben');
      await store.announce('ann', [file(1), file(2)]);
      await store.announce('ben', [file(2), file(3)]);
      expect((await store.ofPeer('ben', { limit: 10 })).entries).toMatchObject([
        { name: 'file-2', complete: 2 },
        { name: 'file-3', complete: 1 },
      ]);
    });

    test("a peer's listing follows what it announces and withdraws between pages", async () => {
      await join('ann');
      await store.announce('ann', [file(1, 'a')]);
      expect(await pages(10, 'ann')).toEqual(['a 1']);
      await store.announce('ann', [file(2, 'b')]);
      expect(await pages(10, 'ann')).toEqual(['a 1', 'b 2']);
      await store.withdraw('ann', [{ id: id(1) }]);
      expect(await pages(10, 'ann')).toEqual(['b 2']);
    });

    test('a peer that is not there is not found', async () => {
      await expect(store.ofPeer('nobody', { limit: 10 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    test('after thousands of additions and removals the list is what remains', async () => {
      await join('ann');
      await store.announce(
        'ann',
        Array.from({ length: 2_000 }, (_, number) => file(number)),
      );
      await store.withdraw(
        'ann',
        Array.from({ length: 1_990 }, (_, number) => ({ id: id(number) })),
      );
      expect(await pages(3)).toEqual(Array.from({ length: 10 }, (_, at) => `file-${1_990 + at} ${1_990 + at}`));
      await expect(store.counts()).resolves.toEqual({ peers: 1, files: 10 });
    });
  });

  describe('finding', () => {
    test('every content of a name is a match', async () => {
      await join('ann');
      await store.announce('ann', [file(1, 'same'), file(2, 'same'), file(3, 'same but longer')]);
      const found = await store.find({ name: 'same' });
      expect(found.total).toBe(2);
      expect(found.matches.map((match) => match.id)).toEqual([id(1), id(2)]);
    });

    test('more contents of one name than an answer lists are counted', async () => {
      await join('ann');
      await store.announce(
        'ann',
        Array.from({ length: 1_200 }, (_, number) => file(number, number < 100 ? 'before' : 'same')),
      );
      const found = await store.find({ name: 'same' });
      expect(found.total).toBe(1_100);
      expect(found.matches).toHaveLength(16);
    });

    test('a content is found by its id, with a name that somebody has for it', async () => {
      await join('ann');
      await store.announce('ann', [file(1, 'a')]);
      await expect(store.find({ id: id(1) })).resolves.toEqual({
        matches: [{ id: id(1), name: 'a', bytes: 1001, complete: 1, partial: 0 }],
        total: 1,
      });
    });

    test('what nobody holds is an empty answer', async () => {
      await expect(store.find({ name: 'nothing' })).resolves.toEqual({ matches: [], total: 0 });
      await expect(store.find({ id: id(1) })).resolves.toEqual({ matches: [], total: 0 });
    });
  });

  describe('holders', () => {
    test('a sample has different holders, at most as many as asked for, with the number of all', async () => {
      for (let number = 0; number < 20; number++) {
        await join(`peer-${number}`);
        await store.announce(`peer-${number}`, [file(1)]);
      }
      const sample = await store.sample(id(1), { limit: 8, accepts: everyone });
      expect(new Set(sample.holders.map((holder) => holder.peer)).size).toBe(8);
      expect(sample.total).toBe(20);
    });

    test('every holder comes up in some sample', async () => {
      for (let number = 0; number < 8; number++) {
        await join(`peer-${number}`);
        await store.announce(`peer-${number}`, [file(1, 'a', number % 2 === 0 ? 'complete' : 'partial')]);
      }
      const seen = new Set<string>();
      for (let round = 0; round < 500; round++) {
        const sample = await store.sample(id(1), { limit: 5, accepts: everyone });
        for (const holder of sample.holders) seen.add(holder.peer);
      }
      expect(seen.size).toBe(8);
    });

    test('complete holders come before partial ones and draining ones last', async () => {
      for (const [peer, state] of [
        ['draining', 'complete'],
        ['part', 'partial'],
        ['whole', 'complete'],
      ] as const) {
        await join(peer);
        await store.announce(peer, [file(1, 'a', state)]);
      }
      await store.drainPeer('draining');
      const names = async (limit: number): Promise<string[]> =>
        (await store.sample(id(1), { limit, accepts: everyone })).holders.map((holder) => holder.peer);
      expect(await names(1)).toEqual(['whole']);
      expect(await names(2)).toEqual(['whole', 'part']);
      expect(await names(3)).toEqual(['whole', 'part', 'draining']);
    });

    test('who is not accepted is not in the sample and counts all the same', async () => {
      for (const peer of ['ann', 'ben']) {
        await join(peer);
        await store.announce(peer, [file(1)]);
      }
      const sample = await store.sample(id(1), { limit: 8, accepts: (peer) => peer !== 'ann' });
      expect(sample.holders.map((holder) => holder.peer)).toEqual(['ben']);
      expect(sample.total).toBe(2);
    });

    test('a holder carries where and which life it is', async () => {
      await store.addPeer({ peer: 'ann', incarnation: 7, host: 'ann.example', port: 4321, draining: false });
      await store.announce('ann', [file(1, 'a', 'partial')]);
      const { holders } = await store.sample(id(1), { limit: 1, accepts: everyone });
      expect(holders).toEqual([{ peer: 'ann', incarnation: 7, host: 'ann.example', port: 4321, draining: false, state: 'partial' }]);
    });
  });

  describe('changes', () => {
    test('arriving, becoming complete, draining and leaving are told once each', async () => {
      await join('ann');
      await store.announce('ann', [file(1, 'a', 'partial')]);
      await store.announce('ann', [file(1, 'a', 'partial')]);
      await store.announce('ann', [file(1, 'a', 'complete')]);
      await store.drainPeer('ann');
      await store.drainPeer('ann');
      await store.removePeer('ann', 'lease_expired');
      expect(
        changes.map((change) => (change.kind === 'left' ? change.reason : `${change.holder.state} ${change.holder.draining}`)),
      ).toEqual(['partial false', 'complete false', 'complete true', 'lease_expired']);
    });

    test('a newer life holds nothing of what the older one announced, which left as replaced', async () => {
      await join('ann', 1);
      await store.announce('ann', [file(1)]);
      await join('ann', 2);
      expect(changes.at(-1)).toMatchObject({ kind: 'left', incarnation: 1, reason: 'replaced' });
      await expect(store.ofPeer('ann', { limit: 10 })).resolves.toEqual({ entries: [], more: false });
    });

    test('removing a peer that is not there tells nothing', async () => {
      await store.removePeer('nobody', 'left');
      expect(changes).toEqual([]);
    });
  });
}
