import type { Attempt } from './flight-file.js';

/** A span of the record, cut into cells of equal length. */
export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly cells: number;
}

/** The cell that a moment falls into. */
export function cellAt(ms: number, { fromMs, untilMs, cells }: Span): number {
  const place = untilMs > fromMs ? ((ms - fromMs) / (untilMs - fromMs)) * cells : 0;
  return Math.min(cells - 1, Math.max(0, Math.floor(place)));
}

/** Bytes of verified segments in each cell, each spread over the time from its first byte until it was on the disk. */
export function bytesByCell(attempts: readonly Attempt[], span: Span): number[] {
  const bytes = Array.from({ length: span.cells }, () => 0);
  for (const { outcome, rawBytes, askedMs, firstByteMs = askedMs, endedMs } of attempts) {
    if (outcome !== 'verified') continue;
    const [first, last] = [cellAt(firstByteMs, span), cellAt(endedMs, span)];
    for (let cell = first; cell <= last; cell++) bytes[cell] = (bytes[cell] ?? 0) + rawBytes * overlap(cell, firstByteMs, endedMs, span);
  }
  return bytes;
}

/** The part of the time from `first` to `last` that lies in a cell; 0 to 1. */
function overlap(cell: number, first: number, last: number, { fromMs, untilMs, cells }: Span): number {
  const cellMs = (untilMs - fromMs) / cells;
  const begin = fromMs + cell * cellMs;
  if (last <= first || cellMs <= 0) return 1;
  return Math.max(0, Math.min(last, begin + cellMs) - Math.max(first, begin)) / (last - first);
}
