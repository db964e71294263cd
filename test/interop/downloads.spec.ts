import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Of, writeContent, type Content } from '../tools/content.ts';
import { finish } from '../tools/fleet.ts';
import type { Peer } from '../tools/stage.ts';
import { share, startGet } from '../tools/transfer.ts';
import { InteropStage } from './interop-stage.ts';
import type { PythonPeer } from './python-peer.ts';

const MIB = 1024 * 1024;
const SEGMENT_BYTES = 64 * 1024;
/** 1 MB/s a holder: slow enough that each of three is needed. */
const DELAY_MS = 1;

let interop: InteropStage;
let real: Peer;
let python: PythonPeer;
/** Real holders with a link of their own each; what compresses they compress. */
let paced: readonly Peer[];

beforeAll(async () => {
  interop = await InteropStage.open();
  const options = ['paced-1', 'paced-2'].map((id) => ({ id, delayMs: DELAY_MS, compression: 'always' as const }));
  [real, python, paced] = await Promise.all([
    interop.stage.startPeer({ id: 'real' }),
    interop.startPython({ id: 'python' }),
    Promise.all(options.map((each) => interop.stage.startPeer(each))),
  ]);
});

afterAll(async () => {
  await interop.close();
});

/** A new file to share, under a name of its own. */
async function write(name: string, content: Content): Promise<{ readonly path: string; readonly sha256: string }> {
  const path = await interop.stage.path('shared', encodeURIComponent(name));
  return { path, sha256: await writeContent(path, content) };
}

/** Small, at the edge of a segment, many segments, segments of more than the smallest size; and names that are data. */
const FILES: readonly { readonly name: string; readonly bytes: number }[] = [
  { name: 'empty', bytes: 0 },
  { name: 'one byte', bytes: 1 },
  { name: 'one segment', bytes: SEGMENT_BYTES },
  { name: 'ein Ordner/Grüße an 世界 🌍.bin', bytes: SEGMENT_BYTES + 1 },
  { name: 'larger segments', bytes: 16 * MIB + 3 },
];

describe.each(FILES)('a file of $bytes bytes, "$name"', ({ name, bytes }) => {
  it('a real peer downloads it from Python', async () => {
    const { path, sha256 } = await write(`${name} of Python`, { kind: 'mixed', bytes, seed: bytes });
    await python.share(path, `${name} of Python`);
    expect((await finish(startGet(real, { target: `${name} of Python` }))).sha256).toBe(sha256);
  });

  it('Python downloads it from a real peer, and holds it then', async () => {
    const { path, sha256 } = await write(name, { kind: 'mixed', bytes, seed: bytes + 1 });
    await share(real, path, name);
    const output = await interop.stage.path('out', name);
    await python.get(name, output);
    expect(await sha256Of(output)).toBe(sha256);
    expect(await python.list()).toContainEqual(expect.objectContaining({ name, bytes, complete: 2, partial: 0 }));
  });
});

describe('several holders, real and in Python', () => {
  const RANDOM: Content = { kind: 'random', bytes: 4 * MIB + 1, seed: 5 };

  it('a real peer takes segments from each', async () => {
    const name = 'of two in Python and a real one';
    const { path, sha256 } = await write(name, RANDOM);
    const pythons = await Promise.all(['python-1', 'python-2'].map((id) => interop.startPython({ id, delayMs: DELAY_MS })));
    await Promise.all([...pythons.map((each) => each.share(path, name)), ...paced.slice(1).map((each) => share(each, path, name))]);
    const { status, sha256: got } = await finish(startGet(real, { target: name }));
    expect(got).toBe(sha256);
    const { sources, rejected } = status.report;
    expect(sources.filter(({ segments }) => segments > 0).map(({ source }) => source)).toEqual(
      expect.arrayContaining(['python-1', 'python-2', 'paced-2']),
    );
    expect(rejected).toBe(0);
    await Promise.all(pythons.map((each) => each.leave()));
  });

  it('Python takes segments from each', async () => {
    const name = 'of one in Python and two real ones';
    const { path, sha256 } = await write(name, { ...RANDOM, seed: 6 });
    const holder = await interop.startPython({ id: 'python-holder', delayMs: DELAY_MS });
    await Promise.all([holder.share(path, name), ...paced.map((each) => share(each, path, name))]);
    const output = await interop.stage.path('out', name);
    const { sources, lost } = await python.get(name, output);
    expect(await sha256Of(output)).toBe(sha256);
    expect(Object.keys(sources).toSorted()).toEqual(['paced-1', 'paced-2', 'python-holder']);
    expect(Object.values(sources).reduce((sum, count) => sum + count, 0)).toBe(Math.ceil(RANDOM.bytes / SEGMENT_BYTES));
    expect(lost).toEqual({});
    await holder.leave();
  });
});

describe('compressed segments', () => {
  const TEXT_SEGMENTS = 32;
  const TEXT: Content = { kind: 'text', bytes: TEXT_SEGMENTS * SEGMENT_BYTES, seed: 6 };

  it('a real peer takes those of Python, fewer bytes than the file has', async () => {
    const name = 'text of Python';
    const { path, sha256 } = await write(name, TEXT);
    const compressing = await interop.startPython({ id: 'compressing', isCompressing: true });
    await compressing.share(path, name);
    const { status, sha256: got } = await finish(startGet(real, { target: name }));
    expect(got).toBe(sha256);
    expect(Object.keys((await compressing.served())['real'] ?? {})).toEqual(['deflate']);
    expect(status.report.wireBytes).toBeLessThan(TEXT.bytes / 2);
    await compressing.leave();
  });

  it('Python takes those of a real peer', async () => {
    const name = 'text of a real one';
    const { path, sha256 } = await write(name, { ...TEXT, seed: 7 });
    await Promise.all(paced.map((each) => share(each, path, name)));
    const output = await interop.stage.path('out', name);
    const { codecs } = await python.get(name, output);
    expect(await sha256Of(output)).toBe(sha256);
    expect(codecs).toEqual({ deflate: TEXT_SEGMENTS });
  });
});
