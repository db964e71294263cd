import type { Share } from '../../control/api.js';
import { bar } from './bar.js';
import { ratioOf, showBytes, showCount, showPercent, showRate, showSeconds } from './numbers.js';
import type { Frame } from './download-view.js';
import { cellsOf, joinFitting, padStart, safe, shorten } from './text.js';

/** How far sharing has come. */
export interface ShareState {
  /** What was asked for, as it was written. */
  readonly path: string;
  readonly files: number;
  readonly filesDone: number;
  readonly failed: number;
  readonly bytes: number;
  readonly hashedBytes: number;
  readonly bytesPerSecond: number;
  /** The name of the file that is read now. */
  readonly current: string | undefined;
}

/** Sharing as it stands on a terminal. */
export function shareView(state: ShareState, { columns, style }: Frame): string[] {
  const files = `${state.filesDone} of ${showCount(state.files, 'file')}`;
  const failed = state.failed === 0 ? [] : [style.paint('red', `${state.failed} failed`)];
  const percent = padStart(showPercent(state.hashedBytes, state.bytes), 7);
  const left = state.bytesPerSecond > 0 ? [`${showSeconds(((state.bytes - state.hashedBytes) / state.bytesPerSecond) * 1000)} left`] : [];
  const rate = state.bytesPerSecond > 0 ? [showRate(state.bytesPerSecond)] : [];
  const title = `sharing ${shorten(safe(state.path), Math.max(0, columns - 8), style.ellipsis)}`;
  const lines = [
    style.paint('bold', title),
    `${bar(ratioOf(state.hashedBytes, state.bytes), columns - cellsOf(percent) - 1, style, 'green')} ${percent}`,
    joinFitting([files, `${showBytes(state.hashedBytes)} of ${showBytes(state.bytes)}`, ...rate, ...left, ...failed], columns),
  ];
  if (state.current !== undefined) lines.push(style.paint('dim', shorten(safe(state.current), columns, style.ellipsis)));
  return lines;
}

/** The line of one file that is shared now: its id is what `p2p get` takes. */
export function sharedLine(share: Pick<Share, 'name' | 'bytes' | 'id'>): string {
  return `shared ${safe(share.name)}  ${showBytes(share.bytes)}  ${share.id}`;
}
