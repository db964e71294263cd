import { describe, expect, it } from 'vitest';
import { MemoryNetwork } from '../../../../../test/simulation/network/memory-network.js';
import { MemoryHoldings } from '../../holdings/memory-holdings.js';
import { FLIGHT_LINES_MAX, FLIGHT_RECORDS_MAX } from '../../limits.js';
import { systemClock } from '../clock.js';
import type { Downloads } from '../downloads.js';
import { contentOf, DownloadStage } from '../spec-helper.js';
import type { FlightAttempt, FlightHead, FlightRedistribution } from './flight-line.js';
import { FlightRecord } from './flight-record.js';
import { FlightRecords } from './flight-records.js';

const SLOW = { rateBytesPerSecond: 2_000_000 };
const openStage = () => DownloadStage.open({ network: new MemoryNetwork(systemClock), holdings: new MemoryHoldings() });
const idOf = (index: number): string => index.toString(16).padStart(64, '0');
const DOWNLOAD = { id: idOf(1), name: 'file', bytes: 1 };

interface Told {
  readonly head: FlightHead;
  readonly attempts: readonly FlightAttempt[];
  readonly moved: readonly FlightRedistribution[];
}

function toldBy({ manager }: { readonly manager: Downloads }, id: string): Told {
  const [head, ...lines] = manager.trace(id);
  if (head?.kind !== 'download') throw new Error('a record begins with its download');
  return {
    head,
    attempts: lines.filter((line) => line.kind === 'attempt'),
    moved: lines.filter((line) => line.kind === 'redistributed'),
  };
}

describe('the record of a download', () => {
  it('tells every segment once as verified, its times in order', async () => {
    await using stage = await openStage();
    const content = contentOf(2_000_000);
    for (const peer of ['a', 'b']) stage.holder(peer, content, { knobs: SLOW });
    await stage.manager.start('file', { trace: true });
    await stage.ended(content);
    const { head, attempts } = toldBy(stage, content.file);
    expect(head).toMatchObject({ version: 1, id: content.file, name: 'file', bytes: 2_000_000, dropped: 0 });
    const verified = attempts.filter(({ outcome }) => outcome === 'verified');
    expect(verified.map(({ segment }) => segment).sort((a, b) => a - b)).toEqual([...Array(content.segmentCount).keys()]);
    expect(new Set(verified.map(({ source }) => source))).toEqual(new Set(['a', 'b']));
    for (const { askedMs, firstByteMs, receivedMs, endedMs } of verified) {
      const times = [0, askedMs, firstByteMs ?? -1, receivedMs ?? -1, endedMs, head.untilMs];
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
  });

  it('tells what a dead holder owed, that it is lost, and who gave it in the end', async () => {
    await using stage = await openStage();
    const content = contentOf(4_000_000);
    const [first] = ['a', 'b', 'c'].map((peer) => stage.holder(peer, content, { knobs: SLOW }));
    await stage.manager.start('file', { trace: true });
    await stage.until(content, ({ report }) => report?.sources.some(({ source, inFlight }) => source === 'a' && inFlight > 0) === true);
    first?.kill();
    await stage.ended(content);
    const { attempts, moved } = toldBy(stage, content.file);
    const owed = moved.filter(({ source, reason }) => source === 'a' && reason === 'source_left');
    expect(owed.length).toBeGreaterThan(0);
    for (const { segment } of owed) {
      const tries = attempts.filter((attempt) => attempt.segment === segment);
      expect(tries).toContainEqual(expect.objectContaining({ source: 'a', outcome: 'lost' }));
      expect(['b', 'c']).toContain(tries.find(({ outcome }) => outcome === 'verified')?.source);
    }
  });

  it('is not kept of one that nobody wants recorded', async () => {
    await using stage = await openStage();
    const content = contentOf(100_000);
    stage.holder('a', content);
    await stage.manager.start('file', {});
    await stage.ended(content);
    expect(() => stage.manager.trace(content.file)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it('begins when somebody attaches who wants it, and goes on when another does', async () => {
    await using stage = await openStage();
    const content = contentOf(2_000_000);
    stage.holder('a', content, { knobs: SLOW });
    await stage.manager.start('file', {});
    await stage.manager.start('file', { trace: true });
    const { startedAt } = toldBy(stage, content.file).head;
    await stage.until(content, (status) => status.verifiedBytes > 500_000);
    await stage.manager.start('file', { trace: true });
    const { head, attempts } = toldBy(stage, content.file);
    expect(head.startedAt).toBe(startedAt);
    expect(attempts.length).toBeGreaterThan(0);
    await stage.ended(content);
  });
});

describe('what records take', () => {
  it('is bounded in lines: the first are kept, the others counted', () => {
    const record = new FlightRecord({ now: () => 0, wait: () => () => undefined });
    for (let segment = 0; segment < FLIGHT_LINES_MAX + 3; segment += 1) record.redistributed({ segment, source: 'a', reason: 'refused' });
    const [head, ...lines] = record.lines(DOWNLOAD);
    expect(head).toMatchObject({ dropped: 3 });
    expect(lines).toHaveLength(FLIGHT_LINES_MAX);
    expect(lines[0]).toMatchObject({ segment: 0 });
  });

  it('is bounded in downloads: the oldest makes room', () => {
    const records = new FlightRecords(systemClock);
    for (let index = 0; index <= FLIGHT_RECORDS_MAX; index += 1) records.want(idOf(index), { isRunning: false });
    expect(records.find(idOf(0))).toBeUndefined();
    expect(records.find(idOf(1))).toBeDefined();
    expect(() => records.get(idOf(0))).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });
});
