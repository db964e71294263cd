import { cellsOf, padEnd, padStart } from './text.js';
import type { Style } from './style.js';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

const GAP = '  ';

/** The cells that each column needs, at least `least`. */
export function columnCells(columns: readonly Column[], rows: readonly (readonly string[])[], least: readonly number[] = []): number[] {
  return columns.map((column, index) =>
    Math.max(least[index] ?? 0, cellsOf(column.title), ...rows.map((row) => cellsOf(row[index] ?? ''))),
  );
}

/** One row, aligned; nothing is padded after the last column. */
export function tableRow(columns: readonly Column[], cells: readonly number[], row: readonly string[]): string {
  return columns
    .map((column, index) => (column.align === 'left' ? padEnd : padStart)(row[index] ?? '', cells[index] ?? 0))
    .join(GAP)
    .trimEnd();
}

/** A whole table with its titles. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], style: Style): string[] {
  const cells = columnCells(columns, rows);
  const titles = tableRow(
    columns,
    cells,
    columns.map((column) => column.title),
  );
  return [style.paint('dim', titles), ...rows.map((row) => tableRow(columns, cells, row))];
}

/** Cells of a row with these columns. */
export function rowCells(cells: readonly number[]): number {
  return cells.reduce((sum, each) => sum + each, 0) + GAP.length * Math.max(0, cells.length - 1);
}
