import type { CatalogueEntry } from '../../control/api.js';
import { showBytes } from './numbers.js';
import type { Style } from './style.js';
import { columnCells, rowCells, tableRow, type Column } from './table.js';
import { cellsOf, safe } from './text.js';

export interface CatalogueTableOptions {
  /** Cells of the terminal; absent where the output is no terminal, and lines may have any length. */
  readonly columns: number | undefined;
  readonly style: Style;
}

const FILE_COLUMNS: readonly Column[] = [
  { title: 'NAME', align: 'left' },
  { title: 'SIZE', align: 'right' },
  { title: 'HOLDERS', align: 'left' },
];
const ID_COLUMN: Column = { title: 'ID', align: 'left' };
const ID_CELLS = 64;
/** With less room than this for names, the id goes on a line of its own. */
const NAME_CELLS_MIN = 16;
/** "1023.9 MiB" and "12 + 3 partial": what a later page will hardly pass. */
const LEAST_CELLS = [0, 10, 14] as const;

/**
 * The catalogue as a table that is printed page by page: a page never narrows a column of the one before. Nothing is
 * cut: names and ids are there to be copied. A name too long for its column has a line of its own, before the rest.
 */
export class CatalogueTable {
  readonly #options: CatalogueTableOptions;
  #cells: readonly number[] | undefined;

  constructor(options: CatalogueTableOptions) {
    this.#options = options;
  }

  page(entries: readonly CatalogueEntry[]): string[] {
    const { columns, style } = this.#options;
    const rows = entries.map((entry) => [safe(entry.name), showBytes(entry.bytes), holdersOf(entry)]);
    const isFirst = this.#cells === undefined;
    const needed = columnCells(FILE_COLUMNS, rows, this.#cells ?? LEAST_CELLS);
    const room = columns === undefined ? Number.POSITIVE_INFINITY : columns - rowCells([0, ...needed.slice(1), ID_CELLS]);
    const isWide = room >= Math.min(NAME_CELLS_MIN, needed[0] ?? 0);
    const nameRoom = isWide ? room : (columns ?? 0) - rowCells([0, ...needed.slice(1)]);
    const cells = [Math.max(FILE_COLUMNS[0]?.title.length ?? 0, Math.min(needed[0] ?? 0, nameRoom)), ...needed.slice(1)];
    this.#cells = cells;
    const layout = { cells, isWide, style };
    const titles = tableRow(
      columnsOf(isWide),
      [...cells, ID_CELLS],
      [...FILE_COLUMNS.map((each) => each.title), ...(isWide ? [ID_COLUMN.title] : [])],
    );
    const lines = entries.flatMap((entry, index) => linesOf(entry, rows[index] ?? [], layout));
    return isFirst ? [style.paint('dim', titles), ...lines] : lines;
  }
}

interface Layout {
  readonly cells: readonly number[];
  readonly isWide: boolean;
  readonly style: Style;
}

function linesOf(entry: CatalogueEntry, row: readonly string[], { cells, isWide, style }: Layout): string[] {
  const [name = '', ...rest] = row;
  const lines: string[] = [];
  const fits = cellsOf(name) <= (cells[0] ?? 0);
  if (!fits) lines.push(name);
  const last = isWide ? [style.paint('dim', entry.id)] : [];
  lines.push(tableRow(columnsOf(isWide), [...cells, ID_CELLS], [fits ? name : '', ...rest, ...last]));
  if (!isWide) lines.push(style.paint('dim', entry.id));
  return lines;
}

function columnsOf(isWide: boolean): readonly Column[] {
  return isWide ? [...FILE_COLUMNS, ID_COLUMN] : FILE_COLUMNS;
}

/** "3", "3 + 1 partial", "1 partial". */
export function holdersOf(entry: Pick<CatalogueEntry, 'complete' | 'partial'>): string {
  if (entry.partial === 0) return String(entry.complete);
  return entry.complete === 0 ? `${entry.partial} partial` : `${entry.complete} + ${entry.partial} partial`;
}
