import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeContent, type ContentKind } from '../tools/content.ts';
import { finish } from '../tools/fleet.ts';
import { Stage, type Peer } from '../tools/stage.ts';
import { listed, share, startGet } from '../tools/transfer.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Of a file below 16 MiB. */
const SEGMENT_BYTES = 64 * KIB;

const MODES = ['never', 'always', 'auto'] as const;
const KINDS: readonly ContentKind[] = ['random', 'text', 'mixed'];
const SIZES = [0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 3 * MIB + 7];
/** Each mode with what is hardest for it; 300 MiB are 300 segments of 1 MiB. */
const LARGE = [
  { mode: 'never', kind: 'random' },
  { mode: 'always', kind: 'random' },
  { mode: 'always', kind: 'mixed' },
  { mode: 'auto', kind: 'mixed' },
  { mode: 'auto', kind: 'text' },
] as const;

/** A text of one byte is the same for every seed, and one content is one file. */
const sizesOf = (kind: ContentKind) => SIZES.filter((bytes) => kind !== 'text' || bytes !== 1);

let stage: Stage;
let downloader: Peer;
const sources = new Map<string, Peer>();
const hashes = new Map<string, string>();

/** A seed of its own for each: what two sources share must not be one content. */
function nameOf(mode: string, kind: string, bytes: number): { readonly name: string; readonly seed: number } {
  return {
    name: `${mode}-${kind}-${bytes}`,
    seed: Buffer.from(`${mode}${kind}${bytes}`).reduce((sum, byte) => (sum * 31 + byte) % 2 ** 32, 7),
  };
}

beforeAll(async () => {
  stage = await Stage.open();
  await stage.startDiary();
  downloader = await stage.startPeer({ id: 'downloader' });
  for (const mode of MODES) {
    const source = await stage.startPeer({ id: mode, compression: mode });
    sources.set(mode, source);
    for (const kind of KINDS) {
      for (const bytes of sizesOf(kind)) {
        const { name, seed } = nameOf(mode, kind, bytes);
        const path = await stage.path(`shared-${mode}`, name);
        hashes.set(name, await writeContent(path, { kind, bytes, seed }));
      }
    }
    await share(source, await stage.path(`shared-${mode}`));
  }
  await listed(downloader, (lines) => lines.length === hashes.size);
}, 120_000);

afterAll(async () => {
  await stage.stop();
  await stage.close();
});

describe.each(MODES)('compression %s', (mode) => {
  describe.each(KINDS)('%s content', (kind) => {
    it.each(sizesOf(kind))('of %i bytes arrives as it was', async (bytes) => {
      const { name } = nameOf(mode, kind, bytes);
      const { status, sha256 } = await finish(startGet(downloader, { target: name }));
      expect(sha256).toBe(hashes.get(name));
      expect(status).toMatchObject({ state: 'done', bytes, verifiedBytes: bytes });
      expect(status.report.segmentCount).toBe(Math.ceil(bytes / SEGMENT_BYTES));
      // What does not compress goes as it is: it is never more on the wire than on disk.
      const wireBytes = { never: [bytes, bytes], auto: [0, bytes], always: [0, kind === 'text' && bytes > KIB ? bytes / 2 : bytes] }[mode];
      expect(status.report.wireBytes).toBeGreaterThanOrEqual(wireBytes[0] ?? 0);
      expect(status.report.wireBytes).toBeLessThanOrEqual(wireBytes[1] ?? 0);
    });
  });
});

describe('300 MiB', () => {
  it.each(LARGE)('of $kind content with compression $mode arrive as they were', async ({ mode, kind }) => {
    const bytes = 300 * MIB;
    const { name, seed } = nameOf(mode, kind, bytes);
    const path = await stage.path('large', name);
    const expected = await writeContent(path, { kind, bytes, seed });
    const source = sources.get(mode);
    if (source === undefined) throw new Error(`there is no source with compression ${mode}`);
    await share(source, path);
    const { status, sha256 } = await finish(startGet(downloader, { target: name }));
    expect(sha256).toBe(expected);
    expect(status.report.segmentsVerified).toBe(300);
    for (const peer of [source, downloader]) expect((await peer.cli(['unshare', name])).code).toBe(0);
    await rm(path);
    await rm(status.output);
  });
});
