import { WINDOW_SEGMENTS_MAX, WINDOW_SEGMENTS_START } from './limits.js';
import type { SourceState } from './source-state.js';
import type { TransferState } from './state.js';

/**
 * How many segments a source may owe at once: those that fit on its link while a request travels, one being sent and
 * one behind it. A slow source gets no more than the two, however long its latency, because what waits there would
 * come sooner from another.
 */
export function windowOf(state: TransferState, source: SourceState): number {
  const inOneLatency = (source.rateBytesPerSecond * (source.latencyMs ?? 0)) / 1000 / state.segmentBytes;
  const wanted = Math.floor(inOneLatency + 0.5) + WINDOW_SEGMENTS_START;
  return Math.min(wanted, source.windowMax, WINDOW_SEGMENTS_MAX);
}

/** The source is at one of its bounds. */
export function shrinkWindow(state: TransferState, source: SourceState): void {
  source.windowMax = Math.max(1, Math.floor(windowOf(state, source) / 2));
  source.windowCompletions = 0;
}

/** A segment came: after a window full of them, one more may be tried. */
export function growWindow(source: SourceState): void {
  if (source.windowMax >= WINDOW_SEGMENTS_MAX) return;
  source.windowCompletions++;
  if (source.windowCompletions < source.windowMax) return;
  source.windowMax++;
  source.windowCompletions = 0;
}
