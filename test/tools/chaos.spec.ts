import { describe, expect, it } from 'vitest';
import type { Blow, Download } from '../cluster/chaos/battle.ts';
import { endlessPlan, roundsPlan } from '../cluster/chaos/plan.ts';
import { tableOf } from '../cluster/chaos/report.ts';
import { SCENARIOS } from '../cluster/chaos/scenarios.ts';
import { judge } from '../cluster/chaos/verdict.ts';
import type { Attempt } from './flight.ts';

const SEGMENT = 65_536;
const SEGMENTS = 10;
const STARTED_AT = 1_000_000;

/** An attempt on this source that lasted from second 1 to second 3. */
function attempt(source: string, outcome: Attempt['outcome']): Attempt {
  const bytes = { rawBytes: SEGMENT, wireBytes: SEGMENT };
  return { kind: 'attempt', segment: 0, source, cause: 'first', codec: 'identity', ...bytes, askedMs: 1000, endedMs: 3000, outcome };
}

interface Facts {
  readonly attempts?: readonly Attempt[];
  readonly wireBytes?: number;
  readonly redistributed?: number;
  readonly sha256?: string;
}

function download({ attempts = [], wireBytes = SEGMENTS * SEGMENT, redistributed = 0, sha256 = 'right' }: Facts): Download {
  const report = {
    segmentCount: SEGMENTS,
    segmentsVerified: SEGMENTS,
    segmentsResumed: 0,
    resumedBytes: 0,
    redistributed: { source_left: redistributed },
    hedged: 0,
    wastedBytes: 0,
    wireBytes,
    rejected: 0,
    sources: [],
  };
  const bytes = SEGMENTS * SEGMENT;
  const lost = { kind: 'redistributed' as const, segment: 0, source: 'holder', reason: 'source_left', atMs: 2500 };
  const redistributions = attempts.some(({ outcome }) => outcome === 'lost') ? [lost] : [];
  return {
    pod: 'downloader',
    status: { id: '', name: 'f', state: 'done', bytes, output: '', verifiedBytes: bytes, transferMs: 9000, totalMs: 9000, report },
    flight: { startedAt: STARTED_AT, bytes, dropped: 0, attempts, redistributions },
    sha256,
  };
}

const again: Attempt = { ...attempt('other', 'verified'), askedMs: 2600, endedMs: 4000 };
const struck = download({ attempts: [attempt('holder', 'lost'), again], redistributed: 1 });

function brokenIn(facts: Download, options: { readonly blow?: Partial<Blow>; readonly kills?: boolean; readonly scraped?: number } = {}) {
  const blow = { what: 'a blow', victims: ['holder'], at: STARTED_AT + 2000, underWay: 1, ...options.blow };
  const scenario = {
    name: 's',
    what: '',
    level: 'pod',
    needs: 'any',
    downloaders: 1,
    pace: 'brisk',
    strike: async () => undefined,
  } as const;
  const record = { blows: [blow], downloads: [facts] };
  const scraped = options.scraped ?? facts.status.report.redistributed['source_left'] ?? 0;
  return judge({ ...scenario, kills: options.kills ?? true }, { record, sha256: 'right', scraped });
}

describe('the judge of a scenario', () => {
  it('is content when a struck holder owed a segment which another delivered, and tells how long it took', () => {
    expect(brokenIn(struck)).toMatchObject({ broken: [], owed: 1, lost: 1, redistributed: 1, recoveryMs: [600], refetchedRatio: 1 });
  });

  it('calls a blow void that fell before or after the victim owed something', () => {
    for (const at of [STARTED_AT + 999, STARTED_AT + 3001]) {
      expect(brokenIn(struck, { blow: { at } }).broken).toEqual(['void: no victim owed a segment when the blow fell']);
    }
  });

  it('calls a blow void that fell on somebody who owed nothing', () => {
    expect(brokenIn(struck, { blow: { victims: ['other'] } }).broken).toEqual(['void: no victim owed a segment when the blow fell']);
  });

  it('refuses another content', () => {
    expect(brokenIn({ ...struck, sha256: 'wrong' }).broken).toEqual(['downloader has wrong, which is not right']);
  });

  it('allows twice what was in flight from the lost and two segments, and not a byte more', () => {
    const bound = 3 * SEGMENT;
    const received = (wireBytes: number) => download({ attempts: struck.flight.attempts, redistributed: 1, wireBytes });
    expect(brokenIn(received(SEGMENTS * SEGMENT + bound)).broken).toEqual([]);
    expect(brokenIn(received(SEGMENTS * SEGMENT + bound + 1)).broken).toEqual([expect.stringContaining('beyond the file')]);
  });

  it('wants Prometheus to have seen what the report tells of', () => {
    expect(brokenIn(struck, { scraped: 0 }).broken).toEqual([
      'Prometheus saw 0 segments redistributed, the reports tell of 1',
      'Prometheus saw no segment redistributed, though a holder was killed',
    ]);
  });

  it('wants no redistribution where nobody was killed', () => {
    expect(brokenIn(download({ attempts: [attempt('holder', 'verified')] }), { kills: false }).broken).toEqual([]);
  });
});

describe('the plan', () => {
  it('draws the same for the same seed, and every scenario over a hundred seeds', () => {
    const planned = (seed: number) => roundsPlan(seed).map(({ scenario, seed: own }) => `${scenario.name} ${own}`);
    expect(planned(7)).toEqual(planned(7));
    const drawn = new Set(Array.from({ length: 100 }, (_, seed) => roundsPlan(seed).map(({ scenario }) => scenario.name)).flat());
    expect([...drawn].toSorted()).toEqual(SCENARIOS.map(({ name }) => name).toSorted());
  });

  it('begins with the seed itself, so that one scenario replays with its own', () => {
    expect(endlessPlan(SCENARIOS, 5).next().value).toMatchObject({ seed: 5 });
  });
});

it('the report says of each what was lost, what it cost and why it failed', () => {
  const figures = {
    owed: 2,
    lost: 1,
    redistributed: 1,
    refetchedRatio: 1.02,
    recoveryP50Ms: 7,
    recoveryP99Ms: Number.NaN,
    tookMs: 15_500,
    slowdown: 1.1,
  };
  const table = tableOf([
    { scenario: 'kept-one', seed: 1, outcome: 'kept', why: [], figures },
    { scenario: 'failed-one', seed: 2, outcome: 'failed', why: ['no route\nto host'] },
  ]);
  expect(table.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['scenario', 'seed', 'owed', 'lost', 'redistributed', 'refetched', 'recovery p50', 'p99', 'took', 'slowdown'],
    ['kept-one', '1', '2', '1', '1', '1.020', '7 ms', '-', '15.5 s', '1.10', 'kept'],
    ['failed-one', '2', ...Array.from({ length: 8 }, () => '-'), 'failed: no route'],
  ]);
});
