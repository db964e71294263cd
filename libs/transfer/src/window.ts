import { WINDOW_SEGMENTS_MAX, WINDOW_SEGMENTS_START } from './limits.js';
import type { SourceState } from './source-state.js';
import type { TransferState } from './state.js';

/**
 * Sets how many segments a source may owe at once: those that fit on its link while a request travels, one being sent and
 * one behind it. A slow source gets no more than the two, however long its latency, because what waits there would
 * come sooner from another.
 */
export function fitWindow(state: TransferState, source: SourceState): void {
  const inOneLatency = (source.rateBytesPerSecond * (source.latencyMs ?? 0)) / 1000 / state.segmentBytes;
  const wanted = Math.floor(inOneLatency + 0.5) + WINDOW_SEGMENTS_START;
  source.windowSegments = Math.min(wanted, source.windowMax, WINDOW_SEGMENTS_MAX);
}

/** The source is at one of its bounds. */
export function shrinkWindow(source: SourceState): void {
  source.windowMax = Math.max(1, Math.floor(source.windowSegments / 2));
  source.windowSegments = source.windowMax;
  source.windowCompletions = 0;
}

/** A segment came: after a window full of them, one more may be tried where being busy had shrunk it. */
export function growWindow(state: TransferState, source: SourceState): void {
  if (source.windowMax < WINDOW_SEGMENTS_MAX && ++source.windowCompletions >= source.windowMax) {
    source.windowMax++;
    source.windowCompletions = 0;
  }
  fitWindow(state, source);
}
