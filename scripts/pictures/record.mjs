// A download of a minute from holders that are killed, stopped and started under it, and what Prometheus scraped meanwhile.
import { basename } from 'node:path';
import { readFlight } from '../../test/tools/flight.ts';
import { writeContent } from '../../test/tools/content.ts';
import { finish, startDownloader, startHolders } from '../../test/tools/fleet.ts';
import { Stage } from '../../test/tools/stage.ts';
import { share, startGet } from '../../test/tools/transfer.ts';
import { chosen, RULES_FILE } from '../../test/seeing/dashboards.ts';
import { Prometheus } from '../../test/seeing/prometheus.ts';
import { DEPARTURES, PICTURES } from './panels.mjs';

const FILE_BYTES = 160_000_000;
/** For 1 KiB: 1 MB/s a holder. */
const DELAY_MS = 1;
const HOLDERS = 5;
const WINDOW = '5s';
const SCRAPED_DEADLINE_MS = 30_000;

/** What every panel showed, second by second, and what was done when; times in seconds since the download began. */
export async function record() {
  await using stage = await Stage.open();
  const diary = await stage.startDiary();
  const path = await stage.path('dataset.bin');
  await writeContent(path, { kind: 'random', bytes: FILE_BYTES, seed: 8 });
  const holders = await startHolders(
    stage,
    path,
    Array.from({ length: HOLDERS }, (_, index) => ({ id: `peer-${index}`, delayMs: DELAY_MS })),
  );
  const late = await stage.startPeer({ id: `peer-${HOLDERS}`, delayMs: DELAY_MS });
  const loader = await startDownloader(stage, { id: 'downloader', name: basename(path), holders: HOLDERS });
  const peers = [...holders, late, loader].map(({ id, metricsPort }) => ({ pod: id, metricsPort }));
  const prometheus = await Prometheus.start(await stage.path('prometheus'), {
    scraped: [...peers, { pod: 'diary', metricsPort: diary.metricsPort }],
    rules: RULES_FILE,
  });
  try {
    await prometheus.seen(`count(p2p_build_info) == ${peers.length + 1}`, SCRAPED_DEADLINE_MS);
    const trace = await stage.path('flight.ndjson');
    const beganAt = Date.now();
    const get = startGet(loader, { target: basename(path), trace, deadlineMs: 300_000 });
    const events = await blows(get, { holders, late, path, beganAt });
    await finish(get);
    const endedAt = Date.now();
    await prometheus.seen(`timestamp(p2p_build_info{pod="downloader"}) > ${endedAt / 1000}`, SCRAPED_DEADLINE_MS);
    const { stdout } = await loader.cli(['explain', trace]);
    const { attempts } = await readFlight(trace);
    const seconds = Math.ceil((Date.now() - beganAt) / 1000);
    const panels = {};
    for (const { queries } of PICTURES.flatMap((picture) => picture.panels)) {
      for (const { expression } of queries) panels[expression] = await shown(prometheus, expression, { seconds, beganAt });
    }
    return {
      recordedAt: new Date(beganAt).toISOString(),
      fileBytes: FILE_BYTES,
      attempts: attempts.length,
      seconds,
      events,
      departures: await shown(prometheus, DEPARTURES, { seconds, beganAt }),
      panels,
      explained: stdout.trimEnd().split('\n'),
    };
  } finally {
    await prometheus.stop();
  }
}

/** One holder is killed, one stopped, and a new one comes, at quarters of the file. */
async function blows(get, { holders, late, path, beganAt }) {
  const events = [];
  const at = async (part, what, act) => {
    await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES * part);
    await act();
    events.push({ seconds: (Date.now() - beganAt) / 1000, what });
  };
  await at(0.25, 'peer-0 killed', () => holders[0].process.end());
  await at(0.45, 'peer-1 stopped', () => holders[1].process.kill('SIGSTOP'));
  await at(0.65, 'peer-5 shares it too', () => share(late, path));
  return events;
}

async function shown(prometheus, expression, { seconds, beganAt }) {
  const samples = await prometheus.range(chosen(expression, { interval: WINDOW }), seconds);
  return samples.map(({ metric, values }) => ({
    metric,
    values: values
      .map(([time, value]) => [Math.round(time - beganAt / 1000), Number(Number(value).toPrecision(4))])
      .filter(([, value]) => Number.isFinite(value)),
  }));
}
