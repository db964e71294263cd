import { describe, expect, it } from 'vitest';
import { CatalogueTable } from './catalogue.js';
import { DownloadLog } from './download-log.js';
import { downloadReport as reportLines } from './download-report.js';
import { downloadView, type Frame } from './download-view.js';
import { failureLine } from './failure.js';
import { showBytes, showCount, showDuration, showPercent, showRate, showSeconds } from './numbers.js';
import { shareView } from './share-view.js';
import { shellWords } from './shell.js';
import { bar } from './bar.js';
import { createStyle } from './style.js';
import { cellsOf, jsonLine, safe, shorten } from './text.js';
import { downloadReport, downloadStatus, idOf } from '../../control/spec-ports.js';
import { Failure } from '@p2p/protocol';

const plain = createStyle({ colour: false, unicode: true });
const MIB = 1024 * 1024;

function source(changes: object = {}) {
  return {
    source: 'alpha',
    segments: 3,
    fileBytes: 3 * MIB,
    wireBytes: 3 * MIB,
    bytesPerSecond: 10 * MIB,
    inFlight: 2,
    state: 'active',
    ...changes,
  } as const;
}

describe('numbers', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1024 * 1023.94, '1023.9 KiB'],
    [1024 * 1023.96, '1.0 MiB'],
    [1.2 * 1024 ** 3, '1.2 GiB'],
    [2 ** 60, '1024.0 PiB'],
    [-1, '0 B'],
  ])('%d bytes are %s', (bytes, shown) => expect(showBytes(bytes)).toBe(shown));

  it('a rate is bytes a second', () => expect(showRate(95.3 * MIB)).toBe('95.3 MiB/s'));

  it.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [59_949, '59.9 s'],
    [59_950, '1m 00s'],
    [63_000, '1m 03s'],
    [3_599_499, '59m 59s'],
    [3_599_500, '1h 00m'],
    [7_500_000, '2h 05m'],
    [86_400_000 * 3 + 4 * 3_600_000, '3d 04h'],
  ])('%d ms took %s', (ms, shown) => expect(showDuration(ms)).toBe(shown));

  it.each([
    [-5, '0 s'],
    [9400, '9 s'],
    [59_600, '1m 00s'],
  ])('%d ms are left as %s', (ms, shown) => expect(showSeconds(ms)).toBe(shown));

  it('only the whole is 100 percent', () => {
    expect(showPercent(999_999, 1_000_000)).toBe('99.9 %');
    expect(showPercent(1, 1)).toBe('100.0 %');
    expect(showPercent(0, 0)).toBe('100.0 %');
    expect(showPercent(1, 3)).toBe('33.3 %');
  });

  it('one is singular', () => expect([showCount(1, 'file'), showCount(0, 'file')]).toEqual(['1 file', '0 files']));
});

describe('text from outside', () => {
  it('is shown without what a terminal obeys or hides', () => {
    expect(safe('a\u001b[2Jb')).toBe('a\\u{1b}[2Jb');
    expect(safe('\u009b31m')).toBe('\\u{9b}31m');
    expect(safe('exe.\u202egnp')).toBe('exe.\\u{202e}gnp');
    expect(safe('a\nb\u2028c')).toBe('a\\u{a}b\\u{2028}c');
    expect(safe('a\u200bb\ufeff')).toBe('a\\u{200b}b\\u{feff}');
    expect(safe('\ud800')).toBe('\\u{d800}');
  });

  it('keeps every script, and emoji of several parts', () => {
    for (const text of ['日本語', 'naïve', 'שלום', 'می‌خواهم', '👩‍💻']) expect(safe(text)).toBe(text);
  });

  it('in JSON is escaped and reads back the same', () => {
    const value = { name: 'a\u009b\u202e\u2028b\u{e0001}' };
    expect(jsonLine(value)).toBe('{"name":"a\\u009b\\u202e\\u2028b\\udb40\\udc01"}');
    expect(JSON.parse(jsonLine(value))).toEqual(value);
  });

  it('is shortened in the middle, by cells', () => {
    expect(shorten('abcdefghij.mkv', 9, '…')).toBe('abcd….mkv');
    expect(shorten('日本語日本語', 7, '…')).toBe('日本…語');
    expect(shorten('abc', 3, '…')).toBe('abc');
    for (let cells = 0; cells < 20; cells++) expect(cellsOf(shorten('日本語日本語.mkv', cells, '…'))).toBeLessThanOrEqual(cells);
  });

  it('in a command is quoted for the shell', () => {
    expect(shellWords(['p2p', 'get', "it's here", 'a/b-1.mkv', ''])).toBe("p2p get 'it'\\''s here' a/b-1.mkv ''");
  });
});

describe('a bar', () => {
  it('is as long as asked, whatever is done', () => {
    for (const ratio of [0, 0.1, 0.333, 0.5, 0.999, 1]) expect(cellsOf(bar(ratio, 10, plain, 'green'))).toBe(10);
  });

  it('goes in half cells, and is only full at the end', () => {
    expect(bar(0, 4, plain, 'green')).toBe('····');
    expect(bar(0.375, 4, plain, 'green')).toBe('━╸··');
    expect(bar(0.9999, 4, plain, 'green')).toBe('━━━╸');
    expect(bar(1, 4, plain, 'green')).toBe('━━━━');
  });

  it('without Unicode is made of ASCII', () => {
    expect(bar(0.5, 4, createStyle({ colour: false, unicode: false }), 'green')).toBe('##..');
  });
});

describe('the catalogue', () => {
  const entry = (name: string, digits = 'a') => ({ id: idOf(digits), name, bytes: 1.2 * 1024 ** 3, complete: 3, partial: 1 });

  it('on a narrow terminal gives the id a line of its own', () => {
    expect(new CatalogueTable({ columns: 60, style: plain }).page([entry('movie.mkv')])).toEqual([
      'NAME             SIZE  HOLDERS',
      'movie.mkv     1.2 GiB  3 + 1 partial',
      idOf('a'),
    ]);
  });

  it('gives a name that is too long a line of its own, uncut', () => {
    const name = 'x'.repeat(100);
    const lines = new CatalogueTable({ columns: 120, style: plain }).page([entry(name), entry('b', 'b')]);
    expect(lines[1]).toBe(name);
    expect(lines[2]?.indexOf(idOf('a'))).toBe(lines[3]?.indexOf(idOf('b')));
    expect(Math.max(...lines.toSpliced(1, 1).map(cellsOf))).toBeLessThanOrEqual(120);
  });

  it('has its titles once, and later pages stand under the columns of the first', () => {
    const catalogue = new CatalogueTable({ columns: undefined, style: plain });
    const [titles = '', first = ''] = catalogue.page([entry('a-long-name')]);
    const [second = ''] = catalogue.page([entry('b', 'b')]);
    expect(titles).toMatch(/^NAME/);
    expect(second.indexOf(idOf('b'))).toBe(first.indexOf(idOf('a')));
  });
});

describe('a running download', () => {
  const frame = (columns: number, rows = 24): Frame => ({ columns, rows, style: plain });
  const running = downloadStatus({
    bytes: 200 * MIB,
    verifiedBytes: 50 * MIB,
    bytesPerSecond: 20 * MIB,
    remainingMs: 7500,
    report: downloadReport({ sources: [source(), source({ source: 'beta', state: 'lost', inFlight: 0, bytesPerSecond: 0 })] }),
  });

  it('on a wide terminal has bar and numbers on one line, and a line for each source', () => {
    const lines = downloadView({ status: running, ageMs: 0 }, frame(100));
    expect(lines).toEqual([
      `movie.mkv${' '.repeat(78)}from 1 source`,
      `${'━'.repeat(8)}${'·'.repeat(25)}   25.0 %  50.0 MiB of 200.0 MiB  20.0 MiB/s  8 s left`,
      'SOURCE          RATE  SEGMENTS  IN FLIGHT  STATE',
      'alpha     10.0 MiB/s         3          2  active',
      'beta               –         3          0  lost',
    ]);
  });

  it('on a narrow terminal has bar and numbers on two lines, and leaves out what is in flight', () => {
    const lines = downloadView({ status: running, ageMs: 0 }, frame(60));
    expect(lines[1]).toMatch(/^━{13}·{39} {2,}25\.0 %$/);
    expect(lines[2]).toBe('50.0 MiB of 200.0 MiB  20.0 MiB/s  8 s left');
    expect(lines[3]).toBe('SOURCE          RATE  SEGMENTS  STATE');
  });

  it.each([20, 40, 60, 64, 80, 90, 120, 200])('on %d columns has no longer line, whatever the names', (columns) => {
    const status = {
      ...running,
      name: `日本語${'x'.repeat(300)}.mkv`,
      report: downloadReport({ sources: [source({ source: 'p'.repeat(63), state: 'quarantined' })] }),
    };
    const lines = downloadView({ status, ageMs: 0 }, frame(Math.max(columns, 50)));
    for (const line of lines) expect(cellsOf(line)).toBeLessThanOrEqual(Math.max(columns, 50));
  });

  it('with more sources than rows shows those that have most in flight, and counts the others', () => {
    const sources = Array.from({ length: 40 }, (_, index) => source({ source: `peer-${index}`, inFlight: index }));
    const lines = downloadView({ status: { ...running, report: downloadReport({ sources }) }, ageMs: 0 }, frame(100, 16));
    expect(lines.length).toBeLessThan(16);
    expect(lines[3]).toMatch(/^peer-39/);
    expect(lines.at(-1)).toBe('and 30 more');
  });

  it('that stands still says for how long, and its clock goes on', () => {
    const stalled = { ...running, sinceProgressMs: 4000 };
    expect(downloadView({ status: stalled, ageMs: 0 }, frame(100))[0]).toMatch(/no progress for 4 s$/);
    expect(downloadView({ status: stalled, ageMs: 2000 }, frame(100))[0]).toMatch(/no progress for 6 s$/);
  });

  it('that waits for a holder counts down', () => {
    const waiting = { ...running, state: 'waiting', waitRemainingMs: 45_000 } as const;
    expect(downloadView({ status: waiting, ageMs: 3000 }, frame(100))[0]).toMatch(/waiting for a holder, gives up in 42 s$/);
  });

  it('of an empty file is a full bar', () => {
    const lines = downloadView({ status: downloadStatus({ bytes: 0, state: 'finishing' }), ageMs: 0 }, frame(60));
    expect(lines[1]).toMatch(/^━+ +100\.0 %$/);
  });
});

describe('the log of a download', () => {
  const at = (verifiedBytes: number) =>
    downloadStatus({ verifiedBytes, bytesPerSecond: 100, report: downloadReport({ sources: [source()] }) });

  it('has a line for each tenth of the file or every two seconds, and none between', () => {
    const log = new DownloadLog();
    expect(log.next(at(0), 0, 0)).toEqual(['0.0 %, 0 B of 1000 B, 100 B/s, 1 source']);
    expect(log.next(at(99), 1000, 0)).toEqual([]);
    expect(log.next(at(100), 1100, 0)).toHaveLength(1);
    expect(log.next(at(101), 3099, 0)).toEqual([]);
    expect(log.next(at(102), 3100, 0)).toHaveLength(1);
  });

  it('tells when a source is lost and when it is back', () => {
    const log = new DownloadLog();
    log.next(at(0), 0, 0);
    const lost = downloadStatus({ report: downloadReport({ sources: [source({ state: 'lost' })] }) });
    expect(log.next(lost, 10, 0)).toEqual(['source alpha is lost']);
    expect(log.next(at(0), 20, 0)).toEqual(['source alpha is back']);
  });

  it('tells each change of state, and of a standstill every ten seconds', () => {
    const log = new DownloadLog();
    log.next(at(0), 0, 0);
    const waiting = downloadStatus({ state: 'waiting', sinceProgressMs: 0 });
    expect(log.next(waiting, 100, 0)).toEqual(['waiting for a holder, no progress for 0 s']);
    expect(log.next(waiting, 9_000, 9_000)).toEqual([]);
    expect(log.next(waiting, 10_000, 10_000)).toEqual(['0.0 %, 0 B of 1000 B, waiting for a holder, no progress for 10 s']);
  });
});

describe('the report of a download', () => {
  it('accounts for every byte and segment', () => {
    const report = downloadReport({
      verifiedBytes: 100 * MIB,
      resumedBytes: 20 * MIB,
      segmentsResumed: 20,
      wireBytes: 42 * MIB,
      wastedBytes: 2 * MIB,
      hedged: 1,
      redistributed: { source_left: 8, source_silent: 0, source_slow: 4, corrupt: 0, refused: 0 },
      sources: [
        source({ segments: 60, fileBytes: 60 * MIB, wireBytes: 30 * MIB }),
        source({ source: 'beta', segments: 20, fileBytes: 20 * MIB, wireBytes: 12 * MIB, state: 'lost' }),
      ],
    });
    const status = downloadStatus({ state: 'done', bytes: 100 * MIB, transferMs: 4000, totalMs: 63_000, report });
    expect(reportLines(status, plain)).toEqual([
      '✓ movie.mkv  100.0 MiB',
      '  saved as           /data/downloads/movie.mkv',
      `  file id            ${idOf('d0')}`,
      '  parallel transfer  4.0 s',
      '  total              1m 03s',
      '  average rate       20.0 MiB/s',
      '  speed-up           at most 2.0 times the fastest source alone',
      '  received           42.0 MiB on the wire for 80.0 MiB of file, 47.5 % saved, about 3.6 s',
      '  redistributed      12 segments (8 source left, 4 source slow)',
      '  hedged             1 segment',
      '  wasted             2.0 MiB, 4.7 % of what came',
      '  rejected           0 segments',
      '  resumed            20.0 MiB in 20 segments',
      '',
      'SOURCE  SEGMENTS      FILE      WIRE   SHARE  STATE',
      'alpha         60  60.0 MiB  30.0 MiB  75.0 %  active',
      'beta          20  20.0 MiB  12.0 MiB  25.0 %  lost',
    ]);
  });

  it('of an empty file has no rate and no sources', () => {
    const report = downloadReport({ verifiedBytes: 0, wireBytes: 0 });
    const lines = reportLines(downloadStatus({ state: 'done', bytes: 0, report }), plain);
    expect(lines).toContain('  average rate       nothing to transfer');
    expect(lines.at(-1)).toBe('  resumed            0 B');
  });
});

describe('sharing', () => {
  it('shows files, bytes, rate and the time left within the width', () => {
    const state = {
      path: './dataset',
      files: 340,
      filesDone: 12,
      failed: 1,
      bytes: 1024 * MIB,
      hashedBytes: 256 * MIB,
      bytesPerSecond: 128 * MIB,
      current: 'train/0007.bin',
    };
    expect(shareView(state, { columns: 70, rows: 24, style: plain })).toEqual([
      'sharing ./dataset',
      `${'━'.repeat(15)}╸${'·'.repeat(46)}  25.0 %`,
      '12 of 340 files  256.0 MiB of 1.0 GiB  128.0 MiB/s  6 s left  1 failed',
      'train/0007.bin',
    ]);
  });
});

describe('a failure', () => {
  const failure = new Failure('NOT_FOUND', 'nobody shares a\u001b[31m');

  it('is its code and its sentence, made safe', () => {
    expect(failureLine(failure, { json: false, style: plain })).toBe('NOT_FOUND: nobody shares a\\u{1b}[31m');
  });

  it('in JSON is one line', () => {
    expect(JSON.parse(failureLine(failure, { json: true, style: plain }))).toEqual({
      failure: { code: 'NOT_FOUND', message: failure.message },
    });
  });
});
