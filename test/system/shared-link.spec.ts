import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeContent } from '../tools/content.ts';
import { finish, startDownloader, startHolders } from '../tools/fleet.ts';
import { metric } from '../tools/metrics.ts';
import { Stage } from '../tools/stage.ts';
import { share, startGet } from '../tools/transfer.ts';

const REASONS = ['BAD_REQUEST', 'LIMIT_EXCEEDED', 'TIMED_OUT', 'BUSY', 'INTERNAL'];

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
  await stage.startDiary();
});

afterAll(async () => {
  await stage.stop();
  await stage.close();
});

describe('two downloads over one connection', () => {
  it('end of one > the other goes on undisturbed, and the holder has nothing to refuse', async () => {
    const [short, long] = [await stage.path('short.bin'), await stage.path('long.bin')];
    const shortSha256 = await writeContent(short, { kind: 'random', bytes: 200_000, seed: 1 });
    const longSha256 = await writeContent(long, { kind: 'random', bytes: 3_000_000, seed: 2 });
    const [holder] = await startHolders(stage, long, [{ id: 'holder', delayMs: 1 }]);
    if (holder === undefined) throw new Error('no holder was started');
    await share(holder, short);
    const downloader = await startDownloader(stage, { id: 'downloader', name: 'long.bin', holders: 1 });
    const longGet = finish(startGet(downloader, { target: 'long.bin' }));
    const shortDone = await finish(startGet(downloader, { target: 'short.bin' }));
    const longDone = await longGet;
    expect([shortDone.sha256, longDone.sha256]).toEqual([shortSha256, longSha256]);
    expect(longDone.status.report.redistributed).toMatchObject({ source_left: 0, source_silent: 0 });
    for (const reason of REASONS) expect(await metric(holder.metricsPort, 'p2p_frames_rejected_total', { reason })).toBe(0);
  });
});
