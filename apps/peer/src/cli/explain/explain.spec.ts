import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createStyle } from '../render/style.js';
import { cellsOf } from '../render/text.js';
import { parseFlight } from './flight-file.js';
import { flightModel, type FlightModel } from './flight-model.js';
import { flightPicture } from './picture.js';
import { bytesByCell } from './rate-cells.js';
import { verdictOf, verdictSentence } from './verdict.js';

const HEAD = {
  kind: 'download',
  version: 1,
  id: 'a'.repeat(64),
  name: 'film.mkv',
  bytes: 4096,
  startedAt: '2026-01-01T00:00:00.000Z',
  untilMs: 400,
  dropped: 0,
};
const attempt = (over: object): object => ({
  kind: 'attempt',
  segment: 0,
  source: 'alpha',
  cause: 'first',
  codec: 'identity',
  rawBytes: 1024,
  wireBytes: 1024,
  askedMs: 0,
  firstByteMs: 0,
  receivedMs: 100,
  endedMs: 100,
  outcome: 'verified',
  ...over,
});
const limits = (over: object): object => ({
  kind: 'limits',
  fromMs: 0,
  untilMs: 200,
  source: 0.1,
  link: 0.2,
  disk: 0,
  cpu: 0.1,
  delay: 0,
  ...over,
});
const textOf = (...lines: object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** Beta dies with one segment, which alpha takes over. */
const STORY = [
  HEAD,
  limits({}),
  limits({ fromMs: 200, untilMs: 400, disk: 0.9, link: 0 }),
  attempt({ segment: 0 }),
  attempt({ segment: 1, source: 'beta', outcome: 'lost', receivedMs: undefined, endedMs: 150, wireBytes: 512 }),
  { kind: 'redistributed', segment: 1, source: 'beta', reason: 'source_left', atMs: 150 },
  attempt({ segment: 1, cause: 'redistributed', askedMs: 160, firstByteMs: 170, receivedMs: 380, endedMs: 400 }),
];

function modelOf(...lines: object[]): FlightModel {
  return flightModel(parseFlight(textOf(...lines), 'flight.ndjson'));
}

function picture(
  model: FlightModel,
  options: { readonly columns?: number; readonly colour?: boolean; readonly unicode?: boolean } = {},
): string[] {
  const { columns = 60, colour = false, unicode = true } = options;
  return flightPicture(model, { columns, rows: 24, style: createStyle({ colour, unicode }) });
}

describe('a flight record that is none', () => {
  it.each([
    ['line 1 of f is empty', ''],
    ['line 1 of f is no JSON', 'hello'],
    ['line 1 of f is no line of a flight record', '{"kind":"attempt"}'],
    ['line 2 of f is no JSON', `${textOf(HEAD)}{"kind":"att`],
    ['line 2 of f is no line of a flight record (askedMs: ', textOf(HEAD, attempt({ askedMs: 'soon' }))],
    ['line 1 of f is no line of a flight record (version: ', textOf({ ...HEAD, version: 2 })],
  ])('is refused: %s', (message, text) => {
    expect(() => parseFlight(text, 'f')).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST', message: expect.stringContaining(message) as string }),
    );
  });

  it('is not one with lines of a kind that a later version has', () => {
    expect(parseFlight(textOf(HEAD, { kind: 'weather', rain: true }, attempt({})), 'f').attempts).toHaveLength(1);
  });
});

describe('the model of a flight', () => {
  it('tells what each source did, and who took over what', () => {
    const { lanes, handovers, fromMs, untilMs } = modelOf(...STORY);
    expect(lanes).toMatchObject([
      { source: 'alpha', segments: 2, fileBytes: 2048, lost: 0, takenOver: 1 },
      { source: 'beta', segments: 0, fileBytes: 0, lost: 1, takenOver: 0, wireBytes: 512 },
    ]);
    expect(handovers).toEqual([{ segment: 1, from: 'beta', reason: 'source_left', atMs: 150, to: 'alpha', afterMs: 250 }]);
    expect([fromMs, untilMs]).toEqual([0, 400]);
  });

  it('spreads bytes over the time in which they came, and loses none', () => {
    const { attempts } = parseFlight(
      textOf(HEAD, attempt({ firstByteMs: 50, endedMs: 250 }), attempt({ firstByteMs: 399, endedMs: 399 })),
      'f',
    );
    const bytes = bytesByCell(attempts, { fromMs: 0, untilMs: 400, cells: 4 });
    expect(bytes).toEqual([256, 512, 256, 1024]);
  });
});

describe('what bounded the speed', () => {
  it('is what was most at its bound, over all of the time', () => {
    const verdict = verdictOf(modelOf(...STORY).file.limits);
    expect(verdict?.limit).toBe('disk');
    expect(verdict?.shares.disk).toBeCloseTo(0.45);
    expect(verdictSentence(verdict)).toBe('The disk bounded the speed: 45 % of the time this peer was writing to its disk.');
  });

  it('is not guessed where the record does not tell', () => {
    expect(verdictSentence(verdictOf([]))).toContain('not in this record');
  });
});

describe('the picture of a flight', () => {
  it('has a row a source, with what was lost and taken over', () => {
    expect(picture(modelOf(...STORY), { columns: 50 })).toEqual([
      expect.stringMatching(/^f.*: 2\.0 KiB from 2 sources in 400 ms, 5\.0 KiB\/s$/),
      '',
      expect.stringMatching(/^alpha {2}█+▄? +\+[▁▂▃▄]+ +2\.0 KiB$/),
      expect.stringMatching(/^beta {3} *✗ +0 B$/),
      expect.stringMatching(/^limit {2}l+d+/),
      expect.stringMatching(/^ +0 +400 ms$/),
      '',
      expect.stringContaining('✗ lost: 1 segment'),
      expect.anything(),
    ]);
  });

  it.each([20, 30, 50, 80, 200])('fits a terminal of %i columns', (columns) => {
    const wide = modelOf(...STORY, attempt({ source: '世界'.repeat(20), segment: 2 }));
    for (const unicode of [true, false]) {
      for (const line of picture(wide, { columns, unicode, colour: true })) expect(cellsOf(line), line).toBeLessThanOrEqual(columns);
    }
  });

  it('is plain where colours are not wanted, and says the same', () => {
    const plain = picture(modelOf(...STORY));
    expect(plain.map(stripVTControlCharacters)).toEqual(plain);
    expect(picture(modelOf(...STORY), { colour: true }).map(stripVTControlCharacters)).toEqual(plain);
  });

  it('obeys nothing that a name says', () => {
    const lines = picture(modelOf({ ...HEAD, name: '\u001b[31mred' }, attempt({ source: 'a\u0007b' })));
    expect(lines.join('')).not.toContain('\u001b');
    expect(lines.join('')).not.toContain('\u0007');
  });

  it('of a download of nothing is its headline', () => {
    expect(picture(modelOf(HEAD))).toEqual(['film.mkv: 0 B from 0 sources in 0 ms']);
  });
});
