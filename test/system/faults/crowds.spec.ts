import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeContent } from '../../tools/content.ts';
import { startDownloader, startHolders } from '../../tools/fleet.ts';
import { finishMoving } from '../../tools/no-hang.ts';
import { Stage } from '../../tools/stage.ts';
import { listed, share, startGet } from '../../tools/transfer.ts';

const MIB = 1024 * 1024;
/** 5 MB/s. */
const DELAY_MS = 0.2;

let stage: Stage;

beforeEach(async () => {
  stage = await Stage.open();
});

afterEach(async () => {
  await stage.close();
});

describe('one peer', () => {
  it('asked for one file twice at once > fetches it once, and both commands have it', async () => {
    const bytes = 4 * MIB;
    const path = await stage.path('shared', 'file.bin');
    const sha256 = await writeContent(path, { kind: 'random', bytes, seed: 21 });
    await stage.startDiary();
    await startHolders(stage, path, [{ id: 'holder', delayMs: DELAY_MS }]);
    const downloader = await startDownloader(stage, { id: 'downloader', name: 'file.bin', holders: 1 });
    const gets = [startGet(downloader, { target: 'file.bin' }), startGet(downloader, { target: 'file.bin' })];
    const fetched = await Promise.all(gets.map((get) => finishMoving(get, 'two downloads of one file')));
    expect(fetched.map((each) => each.sha256)).toEqual([sha256, sha256]);
    expect(new Set(fetched.map(({ status }) => status.output)).size).toBe(1);
    // Whoever came second attached to the first; or came when it was there, and fetched nothing.
    expect(Math.max(...fetched.map(({ status }) => status.report.wireBytes))).toBeLessThan(1.5 * bytes);
    await stage.stop();
  });

  it('asked for twenty files at once, more than it takes on at a time > has them all', async () => {
    const folder = await stage.path('shared', 'twenty', '00.bin');
    const names = Array.from({ length: 20 }, (_, index) => `${String(index).padStart(2, '0')}.bin`);
    const hashes = await Promise.all(
      names.map(async (name, index) =>
        writeContent(await stage.path('shared', 'twenty', name), { kind: 'mixed', bytes: (index * MIB) / 16 + index, seed: 100 + index }),
      ),
    );
    await stage.startDiary();
    const holder = await stage.startPeer({ id: 'holder', delayMs: DELAY_MS });
    await share(holder, folder.slice(0, -'/00.bin'.length));
    const downloader = await stage.startPeer({ id: 'downloader' });
    const lines = await listed(downloader, (entries) => entries.length === names.length);
    const targets = names.map((name) => lines.find((line) => line.name.endsWith(name))?.id ?? name);
    const fetched = await Promise.all(
      targets.map((target) => finishMoving(startGet(downloader, { target }), `twenty downloads, ${target}`)),
    );
    expect(fetched.map((each) => each.sha256)).toEqual(hashes);
    await stage.stop();
  });
});

describe('five downloaders of one holder, started together', () => {
  it('all have the file, and the holder did not send a copy to each: they served each other', async () => {
    const bytes = 8 * MIB;
    const path = await stage.path('shared', 'file.bin');
    const sha256 = await writeContent(path, { kind: 'random', bytes, seed: 22 });
    await stage.startDiary();
    await startHolders(stage, path, [{ id: 'origin', delayMs: DELAY_MS }]);
    const ids = Array.from({ length: 5 }, (_, index) => `downloader-${index + 1}`);
    const downloaders = await Promise.all(ids.map((id) => startDownloader(stage, { id, name: 'file.bin', holders: 1, delayMs: DELAY_MS })));
    const gets = downloaders.map((downloader) => startGet(downloader, { target: 'file.bin' }));
    const fetched = await Promise.all(gets.map((get) => finishMoving(get, 'five downloaders')));
    expect(fetched.map((each) => each.sha256)).toEqual(ids.map(() => sha256));
    const fromOrigin = fetched.flatMap(({ status }) => status.report.sources).filter(({ source }) => source.startsWith('origin'));
    const copies = fromOrigin.reduce((sum, source) => sum + source.fileBytes, 0) / bytes;
    console.log(`the origin sent ${copies.toFixed(2)} copies to five; ${fetched.map(({ status }) => status.totalMs).join(', ')} ms`);
    expect(copies).toBeLessThan(4);
    await stage.stop();
  });
});

describe('a diary that is SIGKILLed as the download begins and does not come back', () => {
  it('the download ends byte-identical, also when one of its two holders dies meanwhile', async () => {
    const bytes = 6 * MIB;
    const path = await stage.path('shared', 'file.bin');
    const sha256 = await writeContent(path, { kind: 'random', bytes, seed: 23 });
    const diary = await stage.startDiary();
    const [victim] = await startHolders(
      stage,
      path,
      ['one', 'other'].map((id) => ({ id, delayMs: 2 * DELAY_MS })),
    );
    const downloader = await startDownloader(stage, { id: 'downloader', name: 'file.bin', holders: 2 });
    const get = startGet(downloader, { target: 'file.bin' });
    await get.status(({ report }) => report?.sources.length === 2);
    await diary.process.end();
    await get.status(({ verifiedBytes }) => verifiedBytes >= bytes / 2);
    victim?.process.kill('SIGKILL');
    const fetched = await finishMoving(get, 'a diary that is gone');
    expect(fetched.sha256).toBe(sha256);
  });
});
