import { Bitmap, encodeManifest, HASH_BYTES, type Manifest } from '@p2p/protocol';
import { describe, expect, it } from 'vitest';
import type { Holding } from './holding.js';
import type { HoldingChange } from './holdings.js';
import { MemoryHoldings } from './memory-holdings.js';

const manifest: Manifest = encodeManifest(100_000, new Uint8Array(2 * HASH_BYTES));

function holdingOf(file: string, names: readonly string[], verified: Bitmap): Holding {
  return { file, manifest, names, verified, read: async () => 0 };
}

function changesOf(holdings: MemoryHoldings): string[] {
  const seen: string[] = [];
  holdings.changes.subscribe((change: HoldingChange) => seen.push(change.kind));
  return seen;
}

describe('a content that is held already', () => {
  it('a complete holding takes the place of a partial one and keeps its names', () => {
    const holdings = new MemoryHoldings();
    const seen = changesOf(holdings);
    holdings.add(holdingOf('f', ['from-download'], new Bitmap(2)));
    holdings.add(holdingOf('f', ['from-disk'], Bitmap.full(2)));
    expect(holdings.get('f')?.verified.isFull).toBe(true);
    expect(holdings.get('f')?.names).toEqual(['from-disk', 'from-download']);
    expect(seen).toEqual(['added', 'updated']);
  });

  it('a partial holding does not take the place of a complete one', () => {
    const holdings = new MemoryHoldings();
    const complete = holdingOf('f', ['name'], Bitmap.full(2));
    holdings.add(complete);
    holdings.add(holdingOf('f', ['name'], new Bitmap(2)));
    expect(holdings.get('f')).toBe(complete);
  });
});

it('one content past the bound is refused, and one that is held is not past it', () => {
  const holdings = new MemoryHoldings({ holdingsMax: 1 });
  holdings.add(holdingOf('f', ['a'], Bitmap.full(2)));
  expect(() => holdings.add(holdingOf('g', ['b'], Bitmap.full(2)))).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  holdings.add(holdingOf('f', ['c'], Bitmap.full(2)));
  expect(holdings.list()).toHaveLength(1);
});

it('gains, updates and removals are told of contents that are held, and of no others', () => {
  const holdings = new MemoryHoldings();
  holdings.add(holdingOf('f', ['a'], new Bitmap(2)));
  const seen = changesOf(holdings);
  holdings.gained('f', [1]);
  holdings.updated('f');
  holdings.remove('f', 'withdrawn');
  holdings.gained('f', [0]);
  holdings.updated('f');
  holdings.remove('f', 'withdrawn');
  expect(seen).toEqual(['gained', 'updated', 'removed']);
});
