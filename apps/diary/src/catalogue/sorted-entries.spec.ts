import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { INDEX_CHUNK_ENTRIES_MAX } from '../limits.js';
import { NameEntry } from './name-entry.js';
import { SortedEntries } from './sorted-entries.js';

function entry(name: string, id: string): NameEntry {
  return new NameEntry(name, { id, toEntry: () => ({ id, name, bytes: 0, complete: 0, partial: 0 }) });
}

const keyOf = (each: NameEntry): string => `${each.name}\n${each.content.id}`;

/** All, read in pages of `limit`. */
function readAll(entries: SortedEntries, limit: number): string[] {
  const seen: string[] = [];
  let page = entries.from('', '', limit);
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    seen.push(...page.map(keyOf));
    page = entries.from(last.name, last.content.id, limit);
  }
  return seen;
}

test('whatever is added and deleted in whatever order, the rest is found, counted and paged in order', () => {
  const names = ['a', 'aa', 'a b', 'b', 'ä', 'z/z', '\u{1f600}', '~'];
  const step = fc.record({ name: fc.constantFrom(...names), number: fc.nat(400), isDeletion: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), fc.integer({ min: 1, max: 50 }), (steps, limit) => {
      const entries = new SortedEntries();
      const model = new Map<string, NameEntry>();
      for (const { name, number, isDeletion } of steps) {
        const id = number.toString(16).padStart(4, '0');
        const key = `${name}\n${id}`;
        const present = model.get(key);
        expect(entries.get(name, id)).toBe(present);
        if (isDeletion && present !== undefined) {
          entries.delete(present);
          model.delete(key);
        } else if (!isDeletion && present === undefined) {
          const added = entry(name, id);
          entries.add(added);
          model.set(key, added);
        }
      }
      expect(entries.size).toBe(model.size);
      expect(readAll(entries, limit)).toEqual(sorted([...model.values()]).map(keyOf));
      for (const name of names) expect(entries.countOf(name)).toBe([...model.values()].filter((each) => each.name === name).length);
    }),
    { numRuns: 60 },
  );
});

test('many chunks split on the way up and join on the way down', () => {
  const count = 20 * INDEX_CHUNK_ENTRIES_MAX;
  const entries = new SortedEntries();
  // A step that shares no factor with the count visits every number once, far from its neighbours.
  const all = Array.from({ length: count }, (_, at) => entry(`name-${String((at * 7_919) % count).padStart(6, '0')}`, '00'));
  for (const each of all) entries.add(each);
  expect(readAll(entries, 100)).toEqual(sorted(all).map(keyOf));
  const kept = all.slice(0, 37);
  for (const each of all.slice(37)) entries.delete(each);
  expect(readAll(entries, 5)).toEqual(sorted(kept).map(keyOf));
  for (const each of kept) entries.delete(each);
  expect(readAll(entries, 5)).toEqual([]);
  entries.add(entry('again', '00'));
  expect(readAll(entries, 5)).toEqual(['again\n00']);
});

test('deleting an entry of the same name and id that was never added changes nothing', () => {
  const entries = new SortedEntries();
  entries.add(entry('a', '00'));
  entries.delete(entry('a', '00'));
  expect(entries.size).toBe(1);
});

function sorted(entries: readonly NameEntry[]): NameEntry[] {
  return [...entries].sort((left, right) => {
    if (left.name === right.name) return left.content.id < right.content.id ? -1 : 1;
    return left.name < right.name ? -1 : 1;
  });
}
