import type { Paint, Style } from './style.js';

/** A bar of `cells` cells, `ratio` (0 to 1) of it done, to half a cell. Only a whole is shown as full. */
export function bar(ratio: number, cells: number, style: Style, paint: Paint): string {
  if (cells <= 0) return '';
  const { done, half, rest } = style.bar;
  const halves = ratio >= 1 ? cells * 2 : Math.min(cells * 2 - 1, Math.floor(ratio * cells * 2));
  const full = done.repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? half : '');
  return style.paint(paint, full) + style.paint('dim', rest.repeat(cells - full.length));
}
