import { mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Failure } from '@p2p/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasContent } from './file-comparison.js';
import { PartFile } from './part-file.js';
import { partPathsOf } from './part-paths.js';
import { SegmentArena } from './segment-arena.js';
import { SegmentWorkerClient, type SegmentResult } from './segment-worker-client.js';
import { contentOf, makeFolder, silentLogger, type SpecContent } from './spec-helper.js';

const SEGMENT_BYTES = 65_536;
const arena = new SegmentArena(1024 * 1024);
const content = contentOf(5 * SEGMENT_BYTES + 100);
const never = new AbortController().signal;
let folder: Awaited<ReturnType<typeof makeFolder>>;
let worker: SegmentWorkerClient;

beforeEach(async () => {
  folder = await makeFolder();
  worker = new SegmentWorkerClient({ arena, logger: silentLogger });
});

afterEach(async () => {
  await worker.close();
  await folder[Symbol.asyncDispose]();
});

const paths = () => partPathsOf(folder.path, content.file);
const openPart = (of: SpecContent = content): Promise<PartFile> =>
  PartFile.open(partPathsOf(folder.path, of.file), { manifest: of.parsed, worker });

async function store(part: PartFile, segment: number): Promise<SegmentResult> {
  const block = arena.allocate(SEGMENT_BYTES) ?? { at: 0, bytes: 0 };
  const raw = content.segment(segment);
  arena.view(block).set(raw);
  const result = await new Promise<SegmentResult>((resolve) => {
    part.store({ segment, block, bodyBytes: raw.length, rawBytes: raw.length, codec: 'identity' }, resolve);
  });
  arena.release(block);
  return result;
}

describe('a part file', () => {
  it('has the length of the file from the start and takes no room for what is missing', async () => {
    const part = await openPart();
    const status = await stat(paths().part);
    expect(status.size).toBe(content.bytes.length);
    expect(status.blocks).toBe(0);
    await part.close();
  });

  it('gives what was verified, and nothing else', async () => {
    const part = await openPart();
    await store(part, 5);
    const target = new Uint8Array(SEGMENT_BYTES);
    expect(await part.read(5, target)).toBe(100);
    expect(Buffer.from(target.subarray(0, 100)).equals(content.segment(5))).toBe(true);
    await expect(part.read(0, target)).rejects.toMatchObject({ code: 'NOT_HELD' });
    await part.close();
    await expect(part.read(5, target)).rejects.toMatchObject({ code: 'NOT_HELD' });
  });

  it('closes only when the worker is done with it', async () => {
    const part = await openPart();
    const stored = store(part, 0);
    await part.close();
    expect(part.verified.has(0)).toBe(true);
    expect(await stored).toMatchObject({ kind: 'ok' });
  });

  it('that does not fit on the disk is refused with both numbers', async () => {
    const disk = contentOf(100);
    const huge = { ...disk.parsed, fileBytes: 2 ** 50 };
    const failure = (await PartFile.open(paths(), { manifest: huge, worker }).catch((error: unknown) => error)) as Failure;
    expect(failure.code).toBe('DISK_FULL');
    expect(failure.message).toMatch(/needs 1125899906842624 more bytes .* has \d+ free/);
  });
});

describe('a part file that is opened again', () => {
  async function written(...segments: number[]): Promise<void> {
    const part = await openPart();
    for (const segment of segments) await store(part, segment);
    await part.close();
  }

  it('trusts what its map claims only when it matches', async () => {
    await written(0, 2, 5);
    const bytes = await readFile(paths().part);
    bytes.writeUInt8(bytes.readUInt8(2 * SEGMENT_BYTES + 7) ^ 1, 2 * SEGMENT_BYTES + 7);
    await writeFile(paths().part, bytes);
    const part = await openPart();
    expect(part.verified.count).toBe(0);
    const progress: number[] = [];
    await part.verify((verifiedBytes) => progress.push(verifiedBytes), never);
    expect([0, 1, 2, 3, 4, 5].filter((index) => part.verified.has(index))).toEqual([0, 5]);
    expect(progress.at(-1)).toBe(SEGMENT_BYTES + 100);
    await part.close();
    expect([...(await readFile(paths().map))]).toEqual([1, 0, 0, 0, 0, 1]);
  });

  it('believes nothing that the map does not claim, or that is cut off', async () => {
    await written(0, 1, 4);
    await writeFile(paths().map, Buffer.from([1, 0, 0, 7, 1, 0, 1, 1, 1]));
    await truncate(paths().part, 3 * SEGMENT_BYTES);
    const part = await openPart();
    await part.verify(() => undefined, never);
    expect([0, 1, 2, 3, 4, 5].filter((index) => part.verified.has(index))).toEqual([0]);
    expect((await stat(paths().part)).size).toBe(content.bytes.length);
    await part.close();
  });

  it('stops verifying when it is told to', async () => {
    await written(0, 1, 2, 3, 4, 5);
    const part = await openPart();
    const stop = new AbortController();
    await part.verify(() => stop.abort(), stop.signal);
    expect(part.verified.count).toBeGreaterThan(0);
    expect(part.verified.count).toBeLessThan(6);
    await part.close();
  });
});

describe('comparing a file with a manifest', () => {
  const compare = (path: string): Promise<boolean> => hasContent(path, { manifest: content.parsed, worker, signal: never });

  it('finds the same, a difference anywhere, another length, and what is no file', async () => {
    const file = join(folder.path, 'file');
    await writeFile(file, content.bytes);
    expect(await compare(file)).toBe(true);
    const other = Buffer.from(content.bytes);
    other.writeUInt8(other.readUInt8(other.length - 1) ^ 1, other.length - 1);
    await writeFile(file, other);
    expect(await compare(file)).toBe(false);
    await writeFile(file, content.bytes.subarray(1));
    expect(await compare(file)).toBe(false);
    await mkdir(join(folder.path, 'folder'));
    expect(await compare(join(folder.path, 'folder'))).toBe(false);
    await expect(compare(join(folder.path, 'nothing'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
