// What bounds the speed of a download, caused in each of the five ways; `p2p explain` and the dashboard must both name it.
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chosen, PANELS, RULES_FILE } from '../seeing/dashboards.ts';
import { Prometheus, type Scraped } from '../seeing/prometheus.ts';
import { writeContent, type ContentKind } from '../tools/content.ts';
import { finish, startDownloader, startHolders } from '../tools/fleet.ts';
import { Stage, type Diary, type Peer, type PeerOptions } from '../tools/stage.ts';
import { startGet } from '../tools/transfer.ts';
import { Cgroup } from './cgroup.ts';
import { SlowDisk } from './slow-disk.ts';
import { SlowLink } from './slow-link.ts';

const MIB = 1024 * 1024;
const DEADLINE_MS = 60_000;
/** Slow enough that a busy machine does not decide: what is waited for is what was made slow. */
const SLOW_BYTES_PER_SECOND = 512 * 1024;
const SLOW_FILE_BYTES = 2 * MIB;
/** For 1 KiB: 0.5 MB/s. */
const DELAY_MS = 2;
const DISK_BYTES_PER_SECOND = 4 * MIB;
const DISK_FILE_BYTES = 8 * MIB;
/** Of one core. */
const CPU_SHARE = 0.1;
const CPU_FILE_BYTES = 64 * MIB;
const SOURCE_FILE_BYTES = 8 * MIB;

interface Explanation {
  readonly limit: string | null;
  readonly shares: Readonly<Record<string, number>>;
  readonly sentence: string;
}

let stage: Stage;
let diary: Diary;

beforeAll(async () => {
  stage = await Stage.open();
  diary = await stage.startDiary();
});

afterAll(async () => {
  await stage.close();
});

/** No two are the same: a file of the same content would have all their holders. */
async function shared(name: string, kind: ContentKind, bytes: number): Promise<string> {
  const path = await stage.path('shared', name);
  await writeContent(path, { kind, bytes, seed: name.length });
  return path;
}

async function pair(path: string, holder: PeerOptions, downloader: PeerOptions): Promise<{ readonly source: Peer; readonly loader: Peer }> {
  const [source] = await startHolders(stage, path, [holder]);
  if (source === undefined) throw new Error('no holder was started');
  return { source, loader: await startDownloader(stage, { ...downloader, name: basename(path), holders: 1 }) };
}

/** Downloads, and holds both verdicts to the bottleneck that was made. */
async function expectNamed(limit: string, loader: Peer, scraped: readonly Scraped[], path: string): Promise<void> {
  const prometheus = await Prometheus.start(await stage.path(`prometheus-${limit}`), {
    scraped: [...scraped, { pod: loader.id, metricsPort: loader.metricsPort }],
    rules: RULES_FILE,
  });
  try {
    await prometheus.seen(`count(p2p_build_info) == ${scraped.length + 1}`, DEADLINE_MS);
    const trace = await stage.path('traces', `${limit}.ndjson`);
    const startedAt = Date.now();
    await finish(startGet(loader, { target: basename(path), trace }));
    const endedAt = Date.now();
    const told = await loader.cli(['explain', trace]);
    const { stdout } = await loader.cli(['explain', trace, '--json']);
    const explanation = JSON.parse(stdout) as Explanation;
    console.log(`${limit}: ${endedAt - startedAt} ms, ${JSON.stringify(explanation.shares)}\n${told.stdout}`);
    expect.soft(explanation.limit).toBe(limit);
    expect(told.stdout).toContain(explanation.sentence);
    await prometheus.seen(`timestamp(p2p_build_info{pod="${loader.id}"}) > ${endedAt / 1000}`, DEADLINE_MS);
    const seconds = Math.ceil((Date.now() - startedAt) / 1000) + 1;
    expect.soft(await named(prometheus, 'What bounds the speed', seconds)).toEqual([{ by: limit }]);
    expect.soft(await named(prometheus, 'What bounds each pod', seconds)).toContainEqual({ pod: loader.id, by: limit });
  } finally {
    await prometheus.stop();
    await loader.process.end();
  }
}

/** The labels that a panel of "Why is it slow?" shows, of the last seconds, all pods chosen. */
async function named(prometheus: Prometheus, title: string, seconds: number): Promise<readonly Readonly<Record<string, string>>[]> {
  const [expression = ''] = PANELS.filter((each) => each.dashboard === 'P2P / Why is it slow?' && each.title === title).map(
    ({ panel }) => panel.targets?.[0]?.expr,
  );
  const samples = await prometheus.now(chosen(expression, { interval: `${seconds}s` }));
  return samples.filter(({ values }) => values.some(([, value]) => Number(value) > 0)).map(({ metric }) => metric);
}

const scrapedOf = ({ id, metricsPort }: Peer): Scraped => ({ pod: id, metricsPort });

describe('what bounds the speed is', () => {
  it('the delay, when packets are held back', async () => {
    const path = await shared('held-back.bin', 'random', SLOW_FILE_BYTES);
    const { source, loader } = await pair(path, { id: 'delayed', delayMs: DELAY_MS }, { id: 'of-delayed' });
    await expectNamed('delay', loader, [scrapedOf(source)], path);
  });

  it('the link, when it carries little', async () => {
    await using link = await SlowLink.open(SLOW_BYTES_PER_SECOND);
    const path = await shared('link.bin', 'random', SLOW_FILE_BYTES);
    const holder = { id: 'far', network: link.network, diary: `${link.near}:${diary.port}` };
    const { source, loader } = await pair(path, holder, { id: 'of-far' });
    await expectNamed('link', loader, [{ ...scrapedOf(source), host: link.far }], path);
    await source.process.end();
  });

  it('the disk, when it writes slowly', async () => {
    const disk = { image: await stage.path('disk.img'), path: await stage.path('disk'), bytes: 4 * DISK_FILE_BYTES };
    await using slow = await SlowDisk.mount({ ...disk, bytesPerSecond: DISK_BYTES_PER_SECOND });
    const path = await shared('disk.bin', 'random', DISK_FILE_BYTES);
    const { source, loader } = await pair(path, { id: 'of-disk' }, { id: 'on-disk', dataDir: slow.path });
    await slow.slowDown(loader.process.pid);
    await expectNamed('disk', loader, [scrapedOf(source)], path);
  });

  it('the CPU, when the downloader has little of it', async () => {
    const path = await shared('computed.bin', 'random', CPU_FILE_BYTES);
    const { source, loader } = await pair(path, { id: 'of-cpu' }, { id: 'on-cpu' });
    await using group = await Cgroup.ofCpu('loader', CPU_SHARE);
    await group.add(loader.process.pid);
    await expectNamed('cpu', loader, [scrapedOf(source)], path);
  });

  it('the source, when it compresses more than its CPU can', async () => {
    const path = await shared('source-text.txt', 'text', SOURCE_FILE_BYTES);
    const { source, loader } = await pair(path, { id: 'weak', compression: 'always' }, { id: 'of-weak' });
    await using group = await Cgroup.ofCpu('holder', CPU_SHARE);
    await group.add(source.process.pid);
    await expectNamed('source', loader, [scrapedOf(source)], path);
  });
});
