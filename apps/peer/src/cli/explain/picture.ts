import { largestLimitOf, SPEED_LIMITS, type SpeedLimit } from '@p2p/transfer';
import type { Frame } from '../render/download-view.js';
import { showBytes, showCount, showDuration, showRate } from '../render/numbers.js';
import type { Paint, Style } from '../render/style.js';
import { cellsOf, padEnd, padStart, safe, shorten } from '../render/text.js';
import type { Limits } from './flight-file.js';
import { isLost, isTakenOver, type FlightModel, type Lane } from './flight-model.js';
import { bytesByCell, cellAt, type Span } from './rate-cells.js';

const NAME_CELLS_MAX = 24;
const TIMELINE_CELLS_MIN = 8;
const GAP = '  ';
const LIMIT_TITLE = 'limit';

/** One letter each, because a terminal without colours has to tell them apart. */
const LETTERS: Readonly<Record<SpeedLimit, string>> = { source: 's', link: 'l', disk: 'd', cpu: 'c', delay: 'w' };
const WORDS: Readonly<Record<SpeedLimit, string>> = { source: 'source', link: 'link', disk: 'disk', cpu: 'CPU', delay: 'delay' };
const PAINTS: Readonly<Record<SpeedLimit, Paint>> = { source: 'yellow', link: 'cyan', disk: 'red', cpu: 'green', delay: 'dim' };

/** A flight as a picture: a row a source, time from left to right. No line is longer than the frame. */
export function flightPicture(model: FlightModel, frame: Frame): string[] {
  const { columns, style } = frame;
  const head = headline(model, frame);
  if (model.lanes.length === 0) return [style.paint('bold', head)];
  const names = model.lanes.map(({ source }) => safe(source));
  const amounts = model.lanes.map((lane) => showBytes(lane.fileBytes));
  const nameCells = Math.min(NAME_CELLS_MAX, Math.floor(columns / 3), Math.max(LIMIT_TITLE.length, ...names.map(cellsOf)));
  const amountCells = Math.max(...amounts.map(cellsOf));
  const hasRoom = columns - nameCells - amountCells - 2 * GAP.length >= TIMELINE_CELLS_MIN;
  const cells = Math.max(1, columns - nameCells - GAP.length - (hasRoom ? amountCells + GAP.length : 0));
  const span = { fromMs: model.fromMs, untilMs: model.untilMs, cells };
  const rates = model.lanes.map(({ attempts }) => bytesByCell(attempts, span));
  const most = rates.flat().reduce((largest, each) => Math.max(largest, each), 0);
  const rows = model.lanes.map((lane, index) => {
    const name = padEnd(shorten(names[index] ?? '', nameCells, style.ellipsis), nameCells);
    const row = `${name}${GAP}${laneCells(lane, rates[index] ?? [], { most, span, style })}`;
    return hasRoom ? `${row}${GAP}${padStart(amounts[index] ?? '', amountCells)}` : row;
  });
  const indent = ' '.repeat(nameCells + GAP.length);
  const limits = limitLine(model.file.limits, span, style);
  return [
    style.paint('bold', head),
    '',
    ...rows,
    ...(limits === undefined ? [] : [`${padEnd(LIMIT_TITLE, nameCells)}${GAP}${limits}`]),
    style.paint('dim', `${indent}${axis(span)}`),
    '',
    ...legend(model, { most, span, columns, style }),
  ];
}

/** The name gives way to what came of it. */
function headline({ file: { head }, lanes, fileBytes, fromMs, untilMs }: FlightModel, { columns, style }: Frame): string {
  const ms = untilMs - fromMs;
  const rate = ms > 0 ? `, ${showRate((fileBytes / ms) * 1000)}` : '';
  const what = `: ${showBytes(fileBytes)} from ${showCount(lanes.length, 'source')} in ${showDuration(ms)}${rate}`;
  const name = shorten(safe(head.name), Math.max(1, columns - cellsOf(what)), style.ellipsis);
  return shorten(name + what, columns, style.ellipsis);
}

interface Drawing {
  /** Bytes of the fullest cell of all. */
  readonly most: number;
  readonly span: Span;
  readonly style: Style;
}

/** How much came in each cell; over that, where something was lost, and where another's segment was asked for. */
function laneCells({ attempts }: Lane, bytes: readonly number[], { most, span, style }: Drawing): string {
  const marks = new Map<number, string>();
  for (const attempt of attempts)
    if (isTakenOver(attempt)) marks.set(cellAt(attempt.askedMs, span), style.paint('cyan', style.timeline.takenOver));
  for (const attempt of attempts) if (isLost(attempt)) marks.set(cellAt(attempt.endedMs, span), style.paint('red', style.timeline.lost));
  const { levels } = style.timeline;
  return bytes
    .map((each, cell) => {
      const level = most > 0 ? Math.ceil((each / most) * levels.length) : 0;
      return marks.get(cell) ?? (level === 0 ? ' ' : style.paint('green', levels[level - 1] ?? ''));
    })
    .join('');
}

/** What bounded the speed most in each cell; undefined when the record does not tell. */
function limitLine(limits: readonly Limits[], span: Span, style: Style): string | undefined {
  if (limits.length === 0) return undefined;
  const cellMs = (span.untilMs - span.fromMs) / span.cells;
  return Array.from({ length: span.cells }, (_, cell) => {
    const ms = span.fromMs + (cell + 0.5) * cellMs;
    const each = limits.find(({ fromMs, untilMs }) => fromMs <= ms && ms < untilMs);
    if (each === undefined) return ' ';
    const limit = largestLimitOf(each);
    return style.paint(PAINTS[limit], LETTERS[limit]);
  }).join('');
}

function axis({ fromMs, untilMs, cells }: Span): string {
  const end = showDuration(untilMs - fromMs);
  return `0${' '.repeat(Math.max(1, cells - 1 - cellsOf(end)))}${end}`.slice(0, cells);
}

/** What the marks mean, of those that are there: as many on a line as fit. */
function legend(model: FlightModel, { most, span, columns, style }: Drawing & { readonly columns: number }): string[] {
  const { levels, lost, takenOver } = style.timeline;
  const count = (of: (lane: Lane) => number): number => model.lanes.reduce((sum, lane) => sum + of(lane), 0);
  const lostCount = count((lane) => lane.lost);
  const takenCount = count((lane) => lane.takenOver);
  const cellMs = (span.untilMs - span.fromMs) / span.cells;
  const fullest = cellMs > 0 ? ` ${showRate((most / cellMs) * 1000)}` : '';
  const seen = new Set(model.file.limits.map((each) => largestLimitOf(each)));
  const parts = [
    `${levels.at(-1) ?? ''}${fullest}`,
    ...(lostCount > 0 ? [`${lost} lost: ${showCount(lostCount, 'segment')}`] : []),
    ...(takenCount > 0 ? [`${takenOver} taken over: ${showCount(takenCount, 'segment')}`] : []),
    ...SPEED_LIMITS.filter((limit) => seen.has(limit)).map((limit) => `${LETTERS[limit]} ${WORDS[limit]}`),
    ...(model.file.head.dropped > 0 ? [`not recorded: ${showCount(model.file.head.dropped, 'line')}`] : []),
  ];
  return wrapped(parts, columns).map((line) => style.paint('dim', line));
}

function wrapped(parts: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && cellsOf(last) + 3 + cellsOf(part) <= columns) lines[lines.length - 1] = `${last}   ${part}`;
    else lines.push(part.slice(0, columns));
  }
  return lines;
}
