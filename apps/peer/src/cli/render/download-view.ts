import type { DownloadStatus } from '../../control/api.js';
import { bar } from './bar.js';
import { describeState, isStalled } from './download-state.js';
import { ratioOf, showBytes, showPercent, showRate, showSeconds } from './numbers.js';
import type { Paint, Style } from './style.js';
import { columnCells, tableRow, type Column } from './table.js';
import { cellsOf, joinFitting, padStart, safe, shorten } from './text.js';

export interface DownloadView {
  readonly status: DownloadStatus;
  /** Since the peer sent the status: clocks in the picture go on meanwhile. */
  readonly ageMs: number;
  /** What is more urgent than the state, for instance that the peer is away. */
  readonly notice?: string;
}

export interface Frame {
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
}

type Source = NonNullable<DownloadStatus['report']>['sources'][number];

/** Lines of the picture that are not sources, and one left free for the cursor. */
const OTHER_ROWS = 6;
const SOURCE_CELLS_MAX = 32;
/** From here on the bar and its numbers share a line. */
const WIDE_COLUMNS = 90;
const DETAILS_CELLS_WIDE = 56;

const SOURCE_COLUMNS: readonly Column[] = [
  { title: 'SOURCE', align: 'left' },
  { title: 'RATE', align: 'right' },
  { title: 'SEGMENTS', align: 'right' },
  { title: 'IN FLIGHT', align: 'right' },
  { title: 'STATE', align: 'left' },
];
/** What these columns need at most, so that they do not jump while numbers change: "1023.9 MiB/s", "1048576". */
const LEAST_CELLS = [6, 12, 8, 9, 0] as const;
/** The same on a narrow terminal, where "IN FLIGHT" is left out. */
const NARROW_COLUMNS = 64;

/** A running download as it stands on a terminal: no line is longer than the frame, no picture higher. */
export function downloadView(view: DownloadView, frame: Frame): string[] {
  const { status } = view;
  const lines = [headLine(view, frame), ...progressLines(view, frame)];
  const sources = status.report?.sources ?? [];
  return sources.length === 0 ? lines : [...lines, ...sourceLines(sources, frame)];
}

function headLine({ status, ageMs, notice }: DownloadView, { columns, style }: Frame): string {
  const state = shorten(notice ?? describeState(status, ageMs), Math.max(0, columns - 14), style.ellipsis);
  const name = shorten(safe(status.name), columns - cellsOf(state) - 2, style.ellipsis);
  const gap = columns - cellsOf(name) - cellsOf(state);
  return style.paint('bold', name) + ' '.repeat(Math.max(1, gap)) + style.paint(statePaint(status, ageMs, notice), state);
}

function statePaint(status: DownloadStatus, ageMs: number, notice: string | undefined): Paint {
  if (notice !== undefined || status.state === 'waiting' || isStalled(status, ageMs)) return 'yellow';
  return status.state === 'failed' ? 'red' : 'cyan';
}

function progressLines({ status, ageMs, notice }: DownloadView, { columns, style }: Frame): string[] {
  const percent = padStart(showPercent(status.verifiedBytes, status.bytes), 7);
  const ratio = ratioOf(status.verifiedBytes, status.bytes);
  const paint = notice !== undefined || status.state === 'waiting' || isStalled(status, ageMs) ? 'yellow' : 'green';
  const details = detailsOf(status);
  if (columns >= WIDE_COLUMNS) {
    const cells = columns - DETAILS_CELLS_WIDE - cellsOf(percent) - 4;
    return [`${bar(ratio, cells, style, paint)}  ${percent}  ${joinFitting(details, DETAILS_CELLS_WIDE)}`];
  }
  return [`${bar(ratio, columns - cellsOf(percent) - 1, style, paint)} ${percent}`, joinFitting(details, columns)];
}

function detailsOf(status: DownloadStatus): string[] {
  const isMoving = status.state === 'transferring';
  return [
    `${showBytes(status.verifiedBytes)} of ${showBytes(status.bytes)}`,
    ...(isMoving ? [showRate(status.bytesPerSecond)] : []),
    ...(isMoving && status.remainingMs !== undefined ? [`${showSeconds(status.remainingMs)} left`] : []),
  ];
}

function sourceLines(sources: readonly Source[], { columns, rows, style }: Frame): string[] {
  const room = Math.max(1, rows - OTHER_ROWS);
  // Those that serve come first when not all fit; otherwise the order stays, so that lines do not jump.
  const shown = sources.length <= room ? sources : sources.toSorted((left, right) => right.inFlight - left.inFlight).slice(0, room);
  const isNarrow = columns < NARROW_COLUMNS;
  const pick = (row: readonly string[]): string[] => row.filter((_, index) => !isNarrow || index !== 3);
  const picked = SOURCE_COLUMNS.filter((_, index) => !isNarrow || index !== 3);
  const nameCells = Math.min(SOURCE_CELLS_MAX, Math.max(6, columns - (isNarrow ? 40 : 52)));
  const body = shown.map((source) => pick(sourceRow(source, nameCells, style)));
  const cells = columnCells(picked, body, pick(LEAST_CELLS.map(String)).map(Number));
  const titles = style.paint(
    'dim',
    tableRow(
      picked,
      cells,
      picked.map((column) => column.title),
    ),
  );
  const more = sources.length - shown.length;
  return [titles, ...body.map((row) => tableRow(picked, cells, row)), ...(more > 0 ? [style.paint('dim', `and ${more} more`)] : [])];
}

function sourceRow(source: Source, nameCells: number, style: Style): string[] {
  const isLive = source.state === 'active' || source.state === 'busy' || source.state === 'draining';
  return [
    shorten(safe(source.source), nameCells, style.ellipsis),
    isLive && source.bytesPerSecond > 0 ? showRate(source.bytesPerSecond) : style.none,
    String(source.segments),
    String(source.inFlight),
    style.paint(SOURCE_PAINT[source.state], source.state),
  ];
}

const SOURCE_PAINT: Readonly<Record<Source['state'], Paint>> = {
  active: 'green',
  busy: 'yellow',
  draining: 'yellow',
  lost: 'red',
  quarantined: 'red',
};
