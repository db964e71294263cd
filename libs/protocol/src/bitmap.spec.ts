import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bitmap } from './bitmap.js';

describe('a bitmap', () => {
  it('has segment 0 in the lowest bit of the first byte', () => {
    const bitmap = new Bitmap(10);
    bitmap.add(0);
    bitmap.add(9);
    expect([...bitmap.bytes]).toEqual([1, 2]);
    expect(bitmap.toBase64()).toBe('AQI=');
  });

  it.each([0, 1, 7, 8, 9, 63, 64, 65])('of %i segments is empty at first and can be full', (size) => {
    const empty = new Bitmap(size);
    expect(empty.count).toBe(0);
    expect(empty.isFull).toBe(size === 0);
    const full = Bitmap.full(size);
    expect(full.count).toBe(size);
    expect(full.isFull).toBe(true);
    for (let index = 0; index < size; index++) expect(full.has(index)).toBe(true);
    expect(full.has(size)).toBe(false);
  });

  it('tells whether adding and deleting changed it, and counts only what did', () => {
    const bitmap = new Bitmap(20);
    expect(bitmap.add(13)).toBe(true);
    expect(bitmap.add(13)).toBe(false);
    expect(bitmap.count).toBe(1);
    expect(bitmap.delete(13)).toBe(true);
    expect(bitmap.delete(13)).toBe(false);
    expect(bitmap.count).toBe(0);
  });

  it.each([-1, -8, 20, 23, 24, 1e9, 2 ** 31, 2 ** 32, 0.5, NaN])('has no segment %d, whatever is asked of it', (index) => {
    const bitmap = new Bitmap(20);
    bitmap.add(0);
    expect(bitmap.has(index)).toBe(false);
    expect(bitmap.add(index)).toBe(false);
    expect(bitmap.delete(index)).toBe(false);
    expect(bitmap.count).toBe(1);
    expect([...bitmap.bytes]).toEqual([1, 0, 0]);
  });

  it('holds what a set holds, and comes back from base64', () => {
    const steps = fc.array(fc.record({ isAdd: fc.boolean(), index: fc.nat(40) }));
    fc.assert(
      fc.property(steps, (all) => {
        const bitmap = new Bitmap(41);
        const set = new Set<number>();
        for (const { isAdd, index } of all) {
          if (isAdd) {
            bitmap.add(index);
            set.add(index);
          } else {
            bitmap.delete(index);
            set.delete(index);
          }
        }
        const again = Bitmap.fromBase64(41, bitmap.toBase64());
        expect(again.count).toBe(set.size);
        for (let index = 0; index < 41; index++) expect(again.has(index)).toBe(set.has(index));
      }),
    );
  });
});

describe('a bitmap from outside', () => {
  const code = (size: number, text: string): unknown => {
    try {
      return Bitmap.fromBase64(size, text);
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  };

  it('with a segment beyond the last is BAD_REQUEST', () => {
    expect(code(7, 'gA==')).toBe('BAD_REQUEST');
    expect(code(8, 'gA==')).toBeInstanceOf(Bitmap);
  });

  it('that is too short or too long is BAD_REQUEST', () => {
    expect(code(9, 'AQ==')).toBe('BAD_REQUEST');
    expect(code(8, 'AQI=')).toBe('BAD_REQUEST');
    expect(code(0, 'AQ==')).toBe('BAD_REQUEST');
    expect(code(0, '')).toBeInstanceOf(Bitmap);
  });

  it('that is not base64 is BAD_REQUEST', () => {
    expect(code(8, '%%%%')).toBe('BAD_REQUEST');
    expect(code(8, 'é')).toBe('BAD_REQUEST');
  });
});
