import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertFileName, fileNameProblem, fileNameSchema } from './file-name.js';
import { NAME_BYTES_MAX, NAME_COMPONENT_BYTES_MAX, NAME_COMPONENTS_MAX } from './limits.js';

const GOOD = [
  'a',
  'a.txt',
  'folder/sub folder/file',
  '.hidden',
  '..hidden',
  'a..b',
  '...',
  'ünï/文件/😀.bin',
  'CON',
  'a:b*c?',
  ' ',
  '-rf',
  'x'.repeat(NAME_COMPONENT_BYTES_MAX),
  'é'.repeat(127),
  Array.from({ length: NAME_COMPONENTS_MAX }, () => 'c').join('/'),
];

const BAD = [
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  'a/../b',
  './a',
  'a/.',
  '../../etc/passwd',
  'a\\b',
  'a\0b',
  'a\nb',
  'a\u007fb',
  'a\u0085b',
  '\ud800',
  'x'.repeat(NAME_COMPONENT_BYTES_MAX + 1),
  'é'.repeat(128),
  Array.from({ length: NAME_COMPONENTS_MAX + 1 }, () => 'c').join('/'),
  'z/'.repeat(NAME_BYTES_MAX / 2) + 'z',
];

describe('a file name', () => {
  it.each(GOOD)('%j is allowed', (name) => {
    expect(fileNameProblem(name)).toBeUndefined();
    expect(assertFileName(name)).toBe(name);
    expect(fileNameSchema.safeParse(name).success).toBe(true);
  });

  it.each(BAD)('%j is BAD_NAME', (name) => {
    expect(fileNameProblem(name)).toMatch(/\w/);
    expect(() => assertFileName(name)).toThrow(expect.objectContaining({ code: 'BAD_NAME' }) as Error);
    expect(fileNameSchema.safeParse(name).success).toBe(false);
  });

  it('of exactly the most bytes is allowed, of one more is not', () => {
    const longest = `${'a'.repeat(255)}/${'b'.repeat(255)}/${'c'.repeat(255)}/${'d'.repeat(254)}/e`;
    expect(longest.length).toBe(NAME_BYTES_MAX);
    expect(fileNameProblem(longest)).toBeUndefined();
    expect(fileNameProblem(`${longest}e`)).toContain(`${NAME_BYTES_MAX + 1} bytes`);
  });

  it('that is allowed never leaves the folder it is put in', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('.', '/', '\\', 'a', ' ', '\0') }), (name) => {
        if (fileNameProblem(name) !== undefined) return;
        const depths = name.split('/').map((component) => (component === '..' ? -1 : component === '.' || component === '' ? 0 : 1));
        expect(depths.every((depth) => depth === 1)).toBe(true);
      }),
    );
  });
});
