import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Of, writeContent, type ContentKind } from './content.ts';

const KINDS: readonly ContentKind[] = ['random', 'text', 'mixed'];
const SEGMENT_BYTES = 64 * 1024;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'p2p-content-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function made(kind: ContentKind, bytes: number, seed = 7): Promise<Buffer> {
  await writeContent(join(folder, 'file'), { kind, bytes, seed });
  return readFile(join(folder, 'file'));
}

describe.each(KINDS)('%s content', (kind) => {
  it.each([0, 1, 1_048_575, 1_048_576, 1_048_577])('has the %i bytes that were asked for and the hash that was returned', async (bytes) => {
    const path = join(folder, 'file');
    const sha256 = await writeContent(path, { kind, bytes, seed: 1 });
    const content = await readFile(path);
    expect(content.length).toBe(bytes);
    expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
    expect(await sha256Of(path)).toBe(sha256);
  });

  it('is the same for the same seed and another for another', async () => {
    const first = await made(kind, 100_000);
    expect((await made(kind, 100_000)).equals(first)).toBe(true);
    expect((await made(kind, 100_000, 8)).equals(first)).toBe(false);
  });

  it('has no two segments that are alike', async () => {
    const content = await made(kind, 64 * SEGMENT_BYTES);
    const segments = new Set(
      Array.from({ length: 64 }, (_, index) => content.toString('latin1', index * SEGMENT_BYTES, (index + 1) * SEGMENT_BYTES)),
    );
    expect(segments.size).toBe(64);
  });
});

describe('what compression makes of a MiB', () => {
  it.each([
    ['random', 0.99, 1.01],
    ['mixed', 1.2, 2.2],
    ['text', 3, 8],
  ] as const)('%s shrinks by %d to %d', async (kind, min, max) => {
    const content = await made(kind, 1024 * 1024);
    const ratio = content.length / deflateSync(content, { level: 1 }).length;
    expect(ratio).toBeGreaterThan(min);
    expect(ratio).toBeLessThan(max);
  });
});
