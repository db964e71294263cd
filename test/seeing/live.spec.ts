// Every expression of every panel, run against a Prometheus that scraped the programs during a download with a killed holder.
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeContent } from '../tools/content.ts';
import { finish, startDownloader, startHolders } from '../tools/fleet.ts';
import { eventually, metric } from '../tools/metrics.ts';
import { Stage } from '../tools/stage.ts';
import { startGet } from '../tools/transfer.ts';
import { chosen, DASHBOARDS, departuresOf, PANELS, RULES_FILE, SECONDS_SHOWN } from './dashboards.ts';
import { hasNumbers, Prometheus, type Sample } from './prometheus.ts';

const FILE_BYTES = 6 * 1024 * 1024;
/** 0.5 MB/s a holder: the download takes seconds, in which there are scrapes. */
const DELAY_MS = 2;
const DEADLINE_MS = 60_000;

let stage: Stage;
let prometheus: Prometheus;

beforeAll(async () => {
  stage = await Stage.open();
  const path = await stage.path('shared', 'text.txt');
  await writeContent(path, { kind: 'mixed', bytes: FILE_BYTES, seed: 5 });
  const diary = await stage.startDiary();
  const holders = await startHolders(
    stage,
    path,
    ['a', 'b', 'c'].map((id) => ({ id, delayMs: DELAY_MS })),
  );
  const downloader = await startDownloader(stage, { id: 'd', name: basename(path), holders: 3 });
  const scraped = [...holders, downloader].map(({ id, metricsPort }) => ({ pod: id, metricsPort }));
  prometheus = await Prometheus.start(await stage.path('prometheus'), {
    scraped: [...scraped, { pod: 'diary', metricsPort: diary.metricsPort }],
    rules: RULES_FILE,
  });
  await prometheus.seen('count(p2p_build_info) == 5', DEADLINE_MS);
  const get = startGet(downloader, { target: basename(path) });
  await get.status(({ verifiedBytes }) => verifiedBytes > FILE_BYTES / 4);
  await eventually(
    () => metric(holders[0]?.metricsPort ?? 0, 'p2p_segments_in_flight', { direction: 'upload' }),
    (owed) => owed > 0,
    DEADLINE_MS,
  );
  await holders[0]?.process.end();
  await finish(get);
  await prometheus.seen('sum(p2p_segments_redistributed_total) > 0', DEADLINE_MS);
  await prometheus.seen('sum(increase(p2p_download_duration_seconds_count{outcome="done"}[1m])) > 0', DEADLINE_MS);
}, 2 * DEADLINE_MS);

afterAll(async () => {
  await prometheus.stop();
  await stage.close();
});

describe.each(PANELS)('$dashboard: $title', ({ panel }) => {
  it('shows data', async () => {
    for (const { expr } of panel.targets ?? []) {
      const samples = await prometheus.range(chosen(expr), SECONDS_SHOWN);
      expect(hasNumbers(samples), expr).toBe(true);
    }
  });
});

describe('the marks of departures', () => {
  it.each(DASHBOARDS)('are there on $title', async (dashboard) => {
    expect(await prometheus.range(chosen(departuresOf(dashboard)), SECONDS_SHOWN)).not.toHaveLength(0);
  });
});

describe('what the run is known to have done', () => {
  it('is what the panels say: a holder left, its segments were taken over, the body bound it', async () => {
    const value = async (dashboard: string, title: string): Promise<readonly Sample[]> => {
      const found = PANELS.find((each) => each.dashboard === dashboard && each.title === title);
      return prometheus.range(chosen(found?.panel.targets?.[0]?.expr ?? ''), SECONDS_SHOWN);
    };
    const departed = await value('P2P / Cluster', 'Departed in this time');
    expect(departed.find(({ metric: { reason } }) => reason === 'connection_closed')?.values.some(([, count]) => Number(count) > 0)).toBe(
      true,
    );
    const redistributed = await value('P2P / Downloads', 'Redistributed segments');
    expect(redistributed.find(({ metric: { reason } }) => reason === 'source_left')?.values.some(([, rate]) => Number(rate) > 0)).toBe(
      true,
    );
    const largest = await value('P2P / Why is it slow?', 'Most of the time goes to');
    expect(largest.map(({ metric: { phase } }) => phase)).toEqual(expect.arrayContaining([expect.stringMatching(/^(body|first_byte)$/)]));
  });

  it('the recording rules recorded it', async () => {
    for (const name of [
      'release:p2p_download_file_bytes:rate1m',
      'release:p2p_segments_verified:increase5m',
      'release:p2p_segments_redistributed:increase5m',
    ]) {
      expect(hasNumbers(await prometheus.range(name, SECONDS_SHOWN)), name).toBe(true);
    }
  });
});
