// One download is one trace, through every process that took part in it.
import { basename } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeContent } from '../tools/content.ts';
import { finish, startDownloader, startHolders } from '../tools/fleet.ts';
import { eventually, metric } from '../tools/metrics.ts';
import { OtlpReceiver, type ReceivedSpan } from '../tools/otlp-receiver.ts';
import { Stage, type Peer } from '../tools/stage.ts';
import { startGet } from '../tools/transfer.ts';

const FILE_BYTES = 4 * 1024 * 1024;
const DEADLINE_MS = 20_000;
/** 2.5 MB/s a holder: seconds in which there is time to strike. */
const DELAY_MS = 0.4;
/** A strike that met a holder which owed nothing just then proves nothing and is repeated. */
const ATTEMPTS_MAX = 4;

let stage: Stage;
let receiver: OtlpReceiver;
let path: string;

beforeEach(async () => {
  stage = await Stage.open();
  receiver = await OtlpReceiver.start();
  path = await stage.path('shared', 'text.txt');
  await writeContent(path, { kind: 'mixed', bytes: FILE_BYTES, seed: 7 });
});

afterEach(async () => {
  await stage.close();
  await receiver.close();
});

interface Struck {
  readonly downloader: Peer;
  readonly victim: string;
  readonly survivor: string;
}

/** Downloads from two holders, of which one is killed while it owes segments. */
async function strike(): Promise<Struck> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    await stage.startDiary();
    const { env } = receiver;
    const ids = [`victim-${attempt}`, `survivor-${attempt}`];
    const holders = await startHolders(
      stage,
      path,
      ids.map((id) => ({ id, env, delayMs: DELAY_MS, compression: 'always' })),
    );
    const downloader = await startDownloader(stage, { id: `downloader-${attempt}`, name: basename(path), holders: 2, env });
    const get = startGet(downloader, { target: basename(path) });
    await get.status(({ verifiedBytes }) => verifiedBytes >= FILE_BYTES / 4);
    const victim = holders[0] as Peer;
    await receiver.until((spans) => spans.some(({ name, from }) => name === 'serve' && from === victim.id));
    await eventually(
      () => metric(victim.metricsPort, 'p2p_segments_in_flight', { direction: 'upload' }),
      (owed) => owed > 0,
      DEADLINE_MS,
    );
    victim.process.kill('SIGKILL');
    const { status } = await finish(get);
    if ((status.report.redistributed['source_left'] ?? 0) > 0) return { downloader, victim: ids[0] as string, survivor: ids[1] as string };
    console.log(`attempt ${attempt} is void: the victim owed nothing`);
  }
  throw new Error(`in ${ATTEMPTS_MAX} attempts no victim owed anything when it was struck`);
}

it('is one trace through three processes, with the failed attempt and its successor after a kill', async () => {
  const { downloader, victim, survivor } = await strike();
  const isRoot = ({ name, from }: ReceivedSpan): boolean => name === 'download' && from === downloader.id;
  await receiver.until((spans) => spans.some(isRoot));
  const root = receiver.spans.find(isRoot) as ReceivedSpan;
  const inTrace = (): readonly ReceivedSpan[] => receiver.spans.filter(({ traceId }) => traceId === root.traceId);
  const attempts = inTrace().filter(({ name }) => name === 'attempt');
  // What the survivor served arrives on its own.
  const verifiedOf = (source: string): readonly ReceivedSpan[] =>
    attempts.filter(({ attributes }) => attributes['p2p.source'] === source && attributes['p2p.outcome'] === 'verified');
  await receiver.until(
    () => inTrace().filter(({ name, from }) => name === 'serve' && from === survivor).length >= verifiedOf(survivor).length,
  );
  const trace = inTrace();

  expect(root.parentId).toBeUndefined();
  expect(root.attributes).toMatchObject({ 'p2p.outcome': 'done', 'p2p.bytes': FILE_BYTES, 'p2p.rest.attempts': 0 });
  expect(new Set(trace.map(({ from }) => from))).toEqual(new Set([downloader.id, victim, survivor]));
  const byId = new Map(trace.map((span) => [span.spanId, span]));
  const nameOfParent = ({ parentId }: ReceivedSpan): string | undefined => (parentId === undefined ? undefined : byId.get(parentId)?.name);
  const parents = { lookup: 'download', manifest: 'download', segment: 'download', attempt: 'segment', serve: 'attempt' };
  const phases = { decompress: 'attempt', verify: 'attempt', write: 'attempt' };
  for (const [name, parent] of Object.entries({ ...parents, ...phases })) {
    const spans = trace.filter((span) => span.name === name);
    expect(spans.length, name).toBeGreaterThan(0);
    expect(new Set(spans.map(nameOfParent)), name).toEqual(new Set([parent]));
  }
  for (const { startNs, endNs } of trace) expect(startNs <= endNs).toBe(true);

  const lost = attempts.filter(
    ({ attributes, isError }) => isError && attributes['p2p.source'] === victim && attributes['p2p.outcome'] === 'lost',
  );
  expect(lost.length).toBeGreaterThan(0);
  for (const { parentId } of lost) {
    const successor = attempts.find((each) => each.parentId === parentId && each.attributes['p2p.outcome'] === 'verified');
    expect(successor?.attributes).toMatchObject({
      'p2p.source': survivor,
      'p2p.cause': 'redistributed',
      'p2p.redistributed_from': victim,
      'p2p.redistribution_reason': 'source_left',
    });
  }

  const openMetrics = { headers: { accept: 'application/openmetrics-text;version=1.0.0' } };
  const scraped = await (await fetch(`http://127.0.0.1:${downloader.metricsPort}/metrics`, openMetrics)).text();
  const exemplar = `# {trace_id="${root.traceId}"}`;
  expect(scraped.split('\n').some((line) => line.startsWith('p2p_segment_transfer_') && line.includes(exemplar))).toBe(true);

  const said = downloader.process.lines.filter(({ event }) => event.startsWith('download.'));
  expect(said.length).toBeGreaterThan(0);
  for (const line of said) expect(line).toMatchObject({ traceId: root.traceId });
  expect(downloader.process.lines.filter(({ event }) => event === 'tracing.problem')).toEqual([]);
});

/** One download from one holder, after which its peer is told to stop. */
async function fetchAndStop(env: Readonly<Record<string, string>>): Promise<Peer> {
  await stage.startDiary();
  await startHolders(stage, path, [{ id: 'holder' }]);
  const downloader = await startDownloader(stage, { id: 'downloader', name: basename(path), holders: 1, env });
  await finish(startGet(downloader, { target: basename(path) }));
  await downloader.process.stop();
  return downloader;
}

it('is sent when its process stops, however long a batch may take to fill', async () => {
  await fetchAndStop({ ...receiver.env, OTEL_BSP_SCHEDULE_DELAY: '600000', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2048' });
  expect(receiver.spans.filter(({ name }) => name === 'download')).toMatchObject([{ from: 'downloader', parentId: undefined }]);
});

it('is not recorded where sampling says no', async () => {
  const downloader = await fetchAndStop({ ...receiver.env, OTEL_TRACES_SAMPLER: 'always_off' });
  expect(receiver.spans).toEqual([]);
  for (const line of downloader.process.lines) expect(line).not.toHaveProperty('traceId');
});

it('costs nothing but a line in the log where nobody takes it', async () => {
  const { env } = receiver;
  await receiver.close();
  const { process } = await fetchAndStop({ ...env, OTEL_EXPORTER_OTLP_TIMEOUT: '500' });
  expect(process.lines).toContainEqual(expect.objectContaining({ event: 'download.done' }));
  expect(process.lines).toContainEqual(expect.objectContaining({ event: 'tracing.problem', level: 'warn' }));
  expect(process.lines.filter(({ level }) => level === 'unknown')).toEqual([]);
});
