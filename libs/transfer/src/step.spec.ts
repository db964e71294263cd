import { Bitmap } from '@p2p/protocol';
import { describe, expect, it } from 'vitest';
import type { TransferCommand } from './commands.js';
import { Driver, only, requestsIn, SEGMENT_BYTES } from './testing/driver.js';

function kinds(commands: readonly TransferCommand[]): string[] {
  return commands.map((command) => command.kind);
}

describe('a download begins', () => {
  it('an empty file > the first event finishes it', () => {
    const download = new Driver(0);
    expect(kinds(download.do({ kind: 'tick' }))).toEqual(['finish']);
    expect(download.do({ kind: 'tick' })).toEqual([]);
    expect(download.wakeAt).toBeUndefined();
  });

  it('everything was verified before > the first event finishes it', () => {
    const download = new Driver(5, { verified: Bitmap.full(5) });
    expect(kinds(download.do({ kind: 'tick' }))).toEqual(['finish']);
    expect(download.report).toMatchObject({ segmentsVerified: 5, segmentsResumed: 5, resumedBytes: 5 * SEGMENT_BYTES });
  });

  it('a source joins > it is asked for two segments', () => {
    const download = new Driver(10);
    expect(requestsIn(download.join('a'))).toHaveLength(2);
  });

  it('some segments were verified before > only the others are asked for', () => {
    const verified = new Bitmap(4);
    verified.add(0);
    verified.add(2);
    const segments = requestsIn(new Driver(4, { verified }).join('a')).map(({ segment }) => segment);
    expect(segments.toSorted((left, right) => left - right)).toEqual([1, 3]);
  });

  it('a record of another file > refuses', () => {
    expect(() => new Driver(4, { verified: new Bitmap(5) })).toThrow('5 verified segments for a file of 4');
  });

  it('every segment arrives > finishes with each asked for once', () => {
    const download = new Driver(20);
    let open = [...requestsIn(download.join('a')), ...requestsIn(download.join('b'))];
    let last: TransferCommand[] = [];
    for (const [round] of Array.from({ length: 20 }).entries()) {
      download.now += 10;
      const next = open.find(({ source }) => source === (round % 2 === 0 ? 'a' : 'b'));
      if (next === undefined) break;
      last = download.deliver(next.request);
      open = [...open.filter((other) => other !== next), ...requestsIn(last)];
    }
    expect(kinds(last)).toEqual(['finish']);
    expect(download.requests.size).toBe(20);
    expect(new Set([...download.requests.values()].map(({ segment }) => segment)).size).toBe(20);
    expect(download.report).toMatchObject({ segmentsVerified: 20, verifiedBytes: 20 * SEGMENT_BYTES, wastedBytes: 0 });
  });
});

describe('what is asked for', () => {
  it('segments of different rarity > the rarest first', () => {
    const download = new Driver(6, { buffersMax: 1 });
    download.join('first', [5]);
    download.join('more', [0, 1, 2, 3, 4]);
    download.join('less', [0, 1, 3, 4]);
    download.now = 10;
    expect(requestsIn(download.deliver(0))).toMatchObject([{ source: 'more', segment: 2 }]);
  });

  it('a complete source beside partial ones > it is asked for what only it has', () => {
    const download = new Driver(8, { buffersMax: 6 });
    download.join('a', [0, 1, 2]);
    download.join('b', [3, 4, 5]);
    const asked = requestsIn(download.join('c')).map(({ segment }) => segment);
    expect(asked.toSorted((left, right) => left - right)).toEqual([6, 7]);
  });

  it('two seeds > two orders; one seed > one order', () => {
    const order = (seed: number): number[] => requestsIn(new Driver(1000, { seed, buffersMax: 2 }).join('a')).map(({ segment }) => segment);
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
  });

  it('a partial source > it is asked only for what it has, and for what it gains as it gains it', () => {
    const download = new Driver(10);
    expect(requestsIn(download.join('a', [3])).map(({ segment }) => segment)).toEqual([3]);
    expect(requestsIn(download.do({ kind: 'source_gained', source: 'a', segments: [7, 99] })).map(({ segment }) => segment)).toEqual([7]);
  });

  it('a partial source becomes complete > it is asked for the rest', () => {
    const download = new Driver(2);
    download.join('a', []);
    expect(requestsIn(download.do({ kind: 'source_completed', source: 'a' }))).toHaveLength(2);
  });
});

describe('buffers', () => {
  it('one buffer > one segment at a time, the next when it is verified', () => {
    const download = new Driver(10, { buffersMax: 1 });
    expect(requestsIn(download.join('a'))).toHaveLength(1);
    expect(requestsIn(download.join('b'))).toHaveLength(0);
    download.now = 10;
    expect(requestsIn(download.receive(0))).toHaveLength(0);
    expect(requestsIn(download.do({ kind: 'segment_verified', request: 0 }))).toHaveLength(1);
  });

  it('fewer are granted > nothing is asked for until fewer are in use', () => {
    const download = new Driver(20, { buffersMax: 4 });
    download.join('a');
    download.join('b');
    download.do({ kind: 'buffers_granted', segmentsMax: 2 });
    download.now = 10;
    expect(requestsIn(download.deliver(0))).toHaveLength(0);
    expect(requestsIn(download.deliver(1))).toHaveLength(0);
    expect(requestsIn(download.deliver(2))).toHaveLength(1);
  });
});

describe('the window', () => {
  it('a fast source far away > more and more segments in flight, up to 16', () => {
    const download = new Driver(400, { buffersMax: 400 });
    download.join('a');
    const arrivals: { at: number; request: number }[] = [];
    let linkFreeAt = 0;
    let asked = 0;
    let inFlightMax = 0;
    while (asked < 300) {
      for (; asked < download.requests.size; asked++) {
        // 100 ms there and back, and 1 ms a segment.
        linkFreeAt = Math.max(linkFreeAt, download.now + 100) + 1;
        arrivals.push({ at: linkFreeAt, request: asked });
      }
      inFlightMax = Math.max(inFlightMax, download.report.sources[0]?.inFlight ?? 0);
      const next = arrivals.shift();
      if (next === undefined) break;
      download.tickUntil(next.at);
      download.bytes(next.request, SEGMENT_BYTES);
      download.deliver(next.request);
    }
    expect(inFlightMax).toBe(16);
  });

  it('a delayed source > two segments in flight, however many packets it takes', () => {
    const download = new Driver(100);
    download.join('a', 'complete', 10_240);
    for (let request = 0; request < 5; request++) {
      for (let packet = 0; packet < 64; packet++) {
        download.tickUntil(download.now + 100);
        download.bytes(request, 1024);
      }
      download.deliver(request);
      expect(download.report.sources[0]?.inFlight).toBe(2);
    }
  });
});

describe('a source is lost', () => {
  it('its connection closes > what it owed is asked of another in the same step', () => {
    const download = new Driver(100);
    const owed = requestsIn(download.join('a')).map(({ segment }) => segment);
    download.join('b');
    download.now = 10;
    download.deliver(2);
    const commands = download.do({ kind: 'source_left', source: 'a' });
    expect(only(commands, 'redistributed').map(({ segment, source, reason }) => ({ segment, source, reason }))).toEqual(
      owed.map((segment) => ({ segment, source: 'a', reason: 'source_left' })),
    );
    download.now = 20;
    const [next] = requestsIn(download.deliver(3));
    expect(next).toMatchObject({ source: 'b', segment: owed[0], cause: 'redistributed' });
    expect(download.report.redistributed.source_left).toBe(2);
  });

  it('a segment of it was whole > it is still verified and not asked for again', () => {
    const download = new Driver(2);
    download.join('a');
    download.now = 5;
    download.receive(0);
    const commands = download.do({ kind: 'source_left', source: 'a' });
    expect(only(commands, 'redistributed')).toHaveLength(1);
    download.do({ kind: 'segment_verified', request: 0 });
    expect(download.report.segmentsVerified).toBe(1);
  });

  it('late news of its requests > are ignored', () => {
    const download = new Driver(10);
    download.join('a');
    download.do({ kind: 'source_left', source: 'a' });
    expect(download.do({ kind: 'request_cancelled', request: 0 })).toEqual([]);
    expect(download.receive(1)).toEqual([]);
    expect(download.do({ kind: 'segment_verified', request: 77 })).toEqual([]);
    expect(download.report.segmentsVerified).toBe(0);
  });

  it('the same comes back > it is asked again and its rate is remembered', () => {
    const download = new Driver(100);
    download.join('a');
    for (let request = 0; request < 4; request++) {
      download.now += 20;
      download.deliver(request);
    }
    const before = download.report.sources[0]?.bytesPerSecond;
    download.do({ kind: 'source_left', source: 'a' });
    expect(requestsIn(download.join('a'))).toHaveLength(2);
    expect(download.report.sources[0]).toMatchObject({ bytesPerSecond: before, state: 'active', segments: 4 });
  });
});

describe('a source drains', () => {
  it('says that it leaves > it is asked for nothing more, and what it owes may come', () => {
    const download = new Driver(10);
    download.join('a');
    expect(download.do({ kind: 'source_draining', source: 'a' }).filter(({ kind }) => kind !== 'find_holders')).toEqual([]);
    download.now = 10;
    expect(requestsIn(download.deliver(0))).toEqual([]);
    expect(download.report).toMatchObject({ segmentsVerified: 1, redistributed: { source_left: 0, refused: 0 } });
  });

  it('refuses because it drains > the segment goes to another', () => {
    const download = new Driver(3);
    download.join('a');
    download.join('b');
    const [again] = requestsIn(download.refuse(0, { kind: 'draining' }));
    expect(again).toMatchObject({ source: 'b', cause: 'redistributed' });
  });
});

describe('a source is silent', () => {
  it('no byte at all > it is disconnected after 1.5 s, and what it owed goes to another', () => {
    const download = new Driver(200, { buffersMax: 8 });
    download.join('a');
    download.join('b');
    let silent: TransferCommand[] = [];
    let request = 2;
    while (download.now < 1_500) {
      silent = download.tickUntil(download.now + 30);
      if (silent.some(({ kind }) => kind === 'disconnect')) break;
      download.bytes(request, SEGMENT_BYTES);
      download.deliver(request++);
    }
    expect(download.now).toBeGreaterThanOrEqual(1_500);
    expect(only(silent, 'disconnect')).toEqual([{ kind: 'disconnect', source: 'a', reason: 'silent' }]);
    expect(only(silent, 'redistributed').map(({ reason }) => reason)).toEqual(['source_silent', 'source_silent']);
  });

  it('its buffers > are in use until its requests are reported as cancelled', () => {
    const download = new Driver(10, { buffersMax: 3 });
    download.join('a');
    download.tickUntil(1_600);
    expect(requestsIn(download.join('b'))).toHaveLength(1);
    expect(requestsIn(download.do({ kind: 'request_cancelled', request: 0 }))).toHaveLength(1);
  });

  it('a delay of 200 ms a packet > is slow, not silent', () => {
    const download = new Driver(2);
    download.join('a', 'complete', 5_120);
    for (let packet = 0; packet < 60; packet++) {
      expect(only(download.tickUntil(download.now + 200), 'disconnect')).toEqual([]);
      download.bytes(0, 1024);
    }
  });

  it('a delay of 10 s a packet > is slow, and silence is noticed after four packets', () => {
    const download = new Driver(2);
    download.join('a', 'complete', 102.4);
    expect(only(download.tickUntil(39_000), 'disconnect')).toEqual([]);
    expect(only(download.tickUntil(41_000), 'disconnect')).toHaveLength(1);
  });

  it('bytes for another download on the same connection > are a sign of life', () => {
    const download = new Driver(2);
    download.join('a');
    for (let round = 0; round < 10; round++) {
      expect(only(download.tickUntil(download.now + 1_000), 'disconnect')).toEqual([]);
      download.do({ kind: 'bytes_received', source: 'a', wireBytes: 100 });
    }
  });

  it('a packet of it takes longer than can be known > it is given twice as long each time', () => {
    const download = new Driver(2);
    const limits: number[] = [];
    for (let life = 0; life < 3; life++) {
      download.join('a');
      const from = download.now;
      while (only(download.tickUntil(download.now + 100), 'disconnect').length === 0) expect(download.now).toBeLessThan(60_000);
      limits.push(download.now - from);
      download.do({ kind: 'source_left', source: 'a' });
    }
    expect(limits).toEqual([1_500, 3_000, 6_000]);
  });

  it('this process was stalled for a minute > nobody is called silent for it', () => {
    const download = new Driver(10);
    download.join('a');
    download.tickUntil(1_000);
    download.now = 61_000;
    expect(only(download.do({ kind: 'tick' }), 'disconnect')).toEqual([]);
    expect(only(download.tickUntil(61_100), 'disconnect')).toEqual([]);
    expect(only(download.tickUntil(63_000), 'disconnect')).toHaveLength(1);
  });
});

describe('a source is slow', () => {
  function withOneLate(): Driver {
    const download = new Driver(8, { buffersMax: 8 });
    download.join('fast');
    download.join('slow');
    // Segments of the fast one take 10 ms; the slow one brings a little every 100 ms.
    let next = 0;
    while (download.now < 600 && download.requests.size < 12) {
      download.tickUntil(download.now + 10);
      if (download.now % 100 === 0) download.bytes(2, 1024);
      const mine = [...download.requests.values()].filter(({ source }) => source === 'fast');
      const request = mine[next]?.request;
      if (request === undefined) continue;
      next++;
      download.bytes(request, SEGMENT_BYTES);
      download.deliver(request);
    }
    return download;
  }

  it('another is idle > the segment is asked for again there, and the loser cancelled', () => {
    const download = withOneLate();
    expect(download.report.hedged).toBe(1);
    expect(download.report.redistributed.source_slow).toBe(2);
    expect(download.report.segmentsVerified).toBe(8);
    expect([...download.requests.values()].map(({ cause }) => cause)).toContain('hedge');
  });

  it('the hedge was won > what the loser brought is waste', () => {
    const download = withOneLate();
    expect(download.report.wastedBytes + 0).toBeLessThanOrEqual(2 * SEGMENT_BYTES);
    expect(download.state.waste.spentBytes + download.state.waste.reservedBytes).toBeLessThanOrEqual(2 * SEGMENT_BYTES);
  });

  it('no other has the file > nothing is asked for twice', () => {
    const download = new Driver(2);
    download.join('a');
    for (let round = 0; round < 30; round++) {
      expect(requestsIn(download.tickUntil(download.now + 1_000))).toEqual([]);
      download.bytes(0, 10);
    }
  });
});

describe('a source is busy', () => {
  it('asks to be left alone for 300 ms > the segment goes to another, it is asked again after 300 ms, and nothing is lost', () => {
    const download = new Driver(50);
    download.join('a');
    const commands = download.refuse(0, { kind: 'busy', retryAfterMs: 300 });
    expect(requestsIn(commands)).toEqual([]);
    expect(only(commands, 'redistributed')).toEqual([]);
    expect(download.report.sources[0]?.state).toBe('busy');
    expect(requestsIn(download.refuse(1, { kind: 'busy', retryAfterMs: 300 }))).toEqual([]);
    expect(requestsIn(download.tickUntil(299))).toEqual([]);
    expect(requestsIn(download.tickUntil(300))).toHaveLength(1);
    expect(download.report.waitingSince).toBeUndefined();
  });

  it('a segment comes from it again > its window grows back', () => {
    const download = new Driver(50);
    download.join('a');
    download.refuse(0, { kind: 'busy', retryAfterMs: 50 });
    download.refuse(1, { kind: 'busy', retryAfterMs: 50 });
    expect(requestsIn(download.tickUntil(60))).toHaveLength(1);
    download.now = 80;
    expect(requestsIn(download.deliver(2))).toHaveLength(2);
  });

  it.each([
    [0, 50],
    [1e9, 5_000],
    [Number.NaN, 5_000],
  ])('asks for a pause of %d ms > pauses for %d ms', (retryAfterMs, pauseMs) => {
    const download = new Driver(50);
    download.join('a');
    download.refuse(0, { kind: 'busy', retryAfterMs });
    download.refuse(1, { kind: 'busy', retryAfterMs });
    expect(requestsIn(download.tickUntil(pauseMs - 1))).toEqual([]);
    expect(requestsIn(download.tickUntil(pauseMs))).not.toEqual([]);
  });
});

describe('a source refuses', () => {
  it('does not have the segment > it is not asked for that again', () => {
    const download = new Driver(2);
    download.join('a');
    const lacking = download.requests.get(0)?.segment;
    download.refuse(0, { kind: 'not_held' });
    download.now = 10;
    download.deliver(1);
    expect([...download.requests.values()].filter(({ segment }) => segment === lacking)).toHaveLength(1);
    expect(download.report.redistributed.refused).toBe(1);
    expect(download.report.waitingSince).toBe(10);
  });

  it('fails three times in a row > it is left alone for a second, then twice as long each time', () => {
    const download = new Driver(1);
    download.join('a');
    const gaps: number[] = [];
    let failedAt = 0;
    for (let request = 0; request < 6; request++) {
      while (!download.requests.has(request)) download.tickUntil(download.now + 10);
      if (request > 0) gaps.push(download.now - failedAt);
      failedAt = download.now;
      download.refuse(request, { kind: 'failed' });
    }
    expect(gaps).toEqual([200, 200, 1_000, 2_000, 4_000]);
  });

  it('a failing one leaves and comes back > it is still left alone', () => {
    const download = new Driver(1);
    download.join('a');
    for (let request = 0; request < 3; request++) {
      while (!download.requests.has(request)) download.tickUntil(download.now + 10);
      download.refuse(request, { kind: 'failed' });
    }
    download.do({ kind: 'source_left', source: 'a' });
    expect(requestsIn(download.join('a'))).toEqual([]);
  });
});

describe('a source lies', () => {
  it('a segment does not match > it is asked of another, and the source is never asked again', () => {
    const download = new Driver(10);
    download.join('a');
    download.join('b');
    const bad = download.requests.get(0)?.segment;
    download.now = 10;
    download.receive(0);
    const commands = download.do({ kind: 'segment_corrupt', request: 0 });
    expect(only(commands, 'quarantine')).toEqual([{ kind: 'quarantine', source: 'a', segment: bad }]);
    expect(only(commands, 'cancel').every(({ source }) => source === 'a')).toBe(true);
    expect(only(commands, 'redistributed').length).toBe(1 + only(commands, 'cancel').length);
    expect(download.report).toMatchObject({ rejected: 1, wastedBytes: SEGMENT_BYTES });
    download.do({ kind: 'source_left', source: 'a' });
    const before = download.requests.size;
    download.join('a');
    expect([...download.requests.values()].slice(before).filter(({ source }) => source === 'a')).toEqual([]);
    expect(download.report.sources[0]?.state).toBe('quarantined');
  });
});

describe('nobody is left', () => {
  it('the only source leaves > it says that it waits, looks for holders, and goes on when one appears', () => {
    const download = new Driver(4);
    download.join('a');
    download.now = 1_000;
    const lost = download.do({ kind: 'source_left', source: 'a' });
    expect(only(lost, 'waiting')).toEqual([{ kind: 'waiting', until: 31_000 }]);
    expect(download.report.waitingSince).toBe(1_000);
    const found = download.join('b');
    expect(kinds(found)).toContain('resumed');
    expect(requestsIn(found)).toHaveLength(2);
  });

  it('nobody appears in time > it fails with NO_HOLDERS at that time, and holders were asked for at most once a second', () => {
    const download = new Driver(4, { holderWaitMs: 10_000 });
    download.do({ kind: 'tick' });
    const waiting = download.tickUntil(9_999);
    expect(only(waiting, 'find_holders').length).toBeGreaterThanOrEqual(2);
    expect(only(waiting, 'find_holders').length).toBeLessThanOrEqual(10);
    expect(only(waiting, 'fail')).toEqual([]);
    expect(only(download.tickUntil(10_000), 'fail')).toEqual([{ kind: 'fail', code: 'NO_HOLDERS' }]);
    expect(download.join('a')).toEqual([]);
  });

  it('holders come and go without delivering > the wait is not begun anew', () => {
    const download = new Driver(4, { holderWaitMs: 10_000 });
    download.do({ kind: 'tick' });
    let failed: TransferCommand[] = [];
    for (let life = 0; life < 100 && failed.length === 0; life++) {
      download.join(`peer-${life}`);
      const commands = [...download.tickUntil(download.now + 300), ...download.do({ kind: 'source_left', source: `peer-${life}` })];
      failed = only(commands, 'fail');
    }
    expect(failed).toHaveLength(1);
    expect(download.now).toBeLessThanOrEqual(10_300);
  });

  it('a segment was verified in between > the wait is counted anew', () => {
    const download = new Driver(4, { holderWaitMs: 10_000 });
    download.do({ kind: 'tick' });
    download.tickUntil(9_000);
    download.join('a');
    download.now = 9_100;
    download.deliver(0);
    expect(only(download.do({ kind: 'source_left', source: 'a' }), 'waiting')).toEqual([{ kind: 'waiting', until: 19_100 }]);
  });

  it('the partial sources lack a segment > holders are looked for while the rest comes', () => {
    const download = new Driver(6);
    download.join('a', [0, 1, 2]);
    download.tickUntil(5_000);
    const commands = download.join('b', [0, 1, 2, 3]);
    expect(only(commands, 'waiting')).toEqual([]);
    expect(download.report.waitingSince).toBeUndefined();
  });
});
