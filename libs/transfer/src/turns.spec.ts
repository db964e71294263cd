import { describe, expect, it } from 'vitest';
import { OWN_SCAN_MAX, WINDOW_SEGMENTS_START } from './limits.js';
import { Driver } from './testing/driver.js';

const SEGMENTS = 64;
const OTHERS = Array.from({ length: 20 }, (_, index) => `other-${index}`);

/** Segments that the holder owes, in the order in which they were asked. */
function owedByHolder(download: Driver): number[] {
  const open = [...download.state.attempts.values()].filter(({ source, phase }) => source.id === 'holder' && phase === 'asked');
  return open.map(({ request }) => download.requests.get(request)?.segment ?? -1);
}

/** Lets the holder deliver while it is asked for as much as it may be, or `upTo` segments; tells which came. */
function deliver(download: Driver, upTo = Infinity): number[] {
  const came: number[] = [];
  while (came.length < upTo && owedByHolder(download).length >= WINDOW_SEGMENTS_START) {
    const next = [...download.requests.values()].find(({ request, source }) => source === 'holder' && download.state.attempts.has(request));
    if (next === undefined) break;
    came.push(next.segment);
    download.now += 10;
    download.deliver(next.request);
  }
  return came;
}

/** One of a crowd: each of the others owes it a segment. */
function inCrowd(settings: { readonly self?: string } = { self: 'me' }): Driver {
  const download = new Driver(SEGMENTS, settings);
  for (const [segment, other] of OTHERS.entries()) download.join(other, [segment]);
  download.join('holder');
  return download;
}

describe('downloaders that know each other and one holder', () => {
  it('ask it for different segments first', () => {
    const names = ['one', 'two', 'three'];
    const firsts = names.map((self, seed) => {
      const download = new Driver(SEGMENTS, { self, seed });
      for (const other of names) if (other !== self) download.join(other, []);
      download.join('holder');
      return deliver(download, SEGMENTS / 6);
    });
    expect(firsts.flat().length).toBeGreaterThan(SEGMENTS / 3);
    expect(new Set(firsts.flat()).size).toBe(firsts.flat().length);
  });

  it('those of others > are asked for one at a time, when there are none of their own', () => {
    const download = inCrowd();
    const own = deliver(download);
    expect(own.length).toBeLessThan(SEGMENTS / 4);
    expect(owedByHolder(download)).toHaveLength(1);
  });

  it('what another has got > is asked of that one', () => {
    const download = inCrowd();
    deliver(download);
    const missing = Array.from({ length: SEGMENTS }, (_, segment) => segment).find((segment) =>
      download.state.missing.has(download.state.rankOf[segment] ?? 0),
    );
    const commands = download.do({ kind: 'source_gained', source: 'other-3', segments: [missing ?? -1] });
    expect(commands).toMatchObject([{ kind: 'request', source: 'other-3', segment: missing }]);
  });

  it('others that leave > leave their segments to who stays', () => {
    const download = inCrowd();
    deliver(download);
    for (const other of OTHERS) download.do({ kind: 'source_left', source: other });
    deliver(download);
    expect(download.state.missing.count).toBe(0);
  });

  it('others that become complete > take no turns any more', () => {
    const download = inCrowd();
    deliver(download);
    for (const other of OTHERS) download.do({ kind: 'source_completed', source: other });
    expect(owedByHolder(download).length).toBeGreaterThanOrEqual(WINDOW_SEGMENTS_START);
  });

  it('others that bring less than the holder > are not waited for', () => {
    const download = new Driver(SEGMENTS, { self: 'me' });
    download.join('other', [0]);
    download.join('holder');
    deliver(download);
    expect(download.state.missing.count).toBe(0);
  });

  it('holders that bring more than the others > are asked for anything, in the order of the download', () => {
    const download = new Driver(SEGMENTS, { self: 'me' });
    for (const other of ['other-0', 'other-1']) download.join(other, []);
    for (const holder of ['holder-1', 'holder-2', 'holder']) download.join(holder);
    const ranks = (source: string): number[] =>
      [...download.requests.values()]
        .filter((request) => request.source === source)
        .map(({ segment }) => download.state.rankOf[segment] ?? -1);
    expect(ranks('holder-1')).not.toEqual([0, 1]);
    expect(ranks('holder')).toEqual([0, 1]);
  });

  it('one without a name > takes no turns', () => {
    const download = inCrowd({});
    deliver(download);
    expect(download.state.missing.count).toBe(0);
  });

  it('a search that finds none of its own > ends, and goes on from there the next time', () => {
    const download = new Driver(OWN_SCAN_MAX + 1, { self: 'me' });
    for (let other = 0; other < 1_000; other++) download.join(`other-${other}`, [0]);
    download.join('holder');
    expect(download.state.turn).toBeGreaterThan(0);
    expect(owedByHolder(download).length).toBeGreaterThan(0);
  });
});
