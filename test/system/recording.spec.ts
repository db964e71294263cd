import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { replay } from '../simulation/replay.ts';
import { writeContent } from '../tools/content.ts';
import { finish, startDownloader, startHolders } from '../tools/fleet.ts';
import { Stage } from '../tools/stage.ts';
import { startGet } from '../tools/transfer.ts';

const FILE_BYTES = 8 * 1024 * 1024;
const HOLDERS = 3;
/** Where the recording is kept: a scheduler that decides otherwise on purpose needs a new test/simulation/recordings/killed-holder.jsonl. */
const kept = process.env['P2P_TEST_KEEP_RECORDING'];
const name = 'file.bin';
let stage: Stage;

beforeEach(async () => {
  stage = await Stage.open();
});

afterEach(async () => {
  await stage.close();
});

it('a download whose holder is SIGKILLed, recorded > the scheduler says the same to the same events', async () => {
  const path = await stage.path('shared', name);
  const sha256 = await writeContent(path, { kind: 'random', bytes: FILE_BYTES, seed: 12 });
  const recordings = join(stage.folder, 'recordings');
  await mkdir(recordings);
  await stage.startDiary();
  const ids = Array.from({ length: HOLDERS }, (_, index) => ({ id: `holder-${index + 1}`, delayMs: 0.2 }));
  const holders = await startHolders(stage, path, ids);
  const downloader = await startDownloader(stage, { id: 'downloader', name, holders: HOLDERS, env: { P2P_RECORD_DIR: recordings } });
  const get = startGet(downloader, { target: name });
  await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 3);
  holders[0]?.process.kill('SIGKILL');
  expect((await finish(get)).sha256).toBe(sha256);
  await downloader.process.stop();

  const [file = ''] = await readdir(recordings);
  if (kept !== undefined) await copyFile(join(recordings, file), kept);
  const { events, replayed } = await replay(join(recordings, file));
  expect(replayed).toEqual(events.map(({ commands }) => commands));
  expect(events.map(({ event }) => event.kind)).toContain('source_left');
  expect(replayed.at(-1)?.at(-1)).toEqual({ kind: 'finish' });
});
