import type { DownloadStatus } from '../../control/api.js';
import { CLI_LINE_MS, CLI_STALL_LINE_MS } from '../../limits.js';
import { describeState, liveSources } from './download-state.js';
import { ratioOf, showBytes, showCount, showPercent, showRate, showSeconds } from './numbers.js';
import { safe } from './text.js';

/** A tenth of the file is worth a line. */
const STEP_RATIO = 0.1;

/**
 * A running download as plain lines, for a log: each change of state, each source that comes or goes, and how far it is
 * every now and then. Time comes from outside, in ms.
 */
export class DownloadLog {
  #last: DownloadStatus | undefined;
  #lineAt = 0;
  #lineRatio = 0;

  /** The lines that this status is worth. Called again with the same status, it tells of the time that passed. */
  next(status: DownloadStatus, now: number, ageMs: number): string[] {
    const before = this.#last;
    this.#last = status;
    const lines = [...(before === undefined ? [] : sourceChanges(before, status))];
    if (before?.state !== status.state) {
      if (status.state !== 'transferring' && status.state !== 'done') lines.push(describeState(status, ageMs));
      else if (status.state === 'transferring') return [...lines, ...this.#progress(status, now, ageMs)];
    }
    return this.#isDue(status, before, now) ? [...lines, ...this.#progress(status, now, ageMs)] : lines;
  }

  #isDue(status: DownloadStatus, before: DownloadStatus | undefined, now: number): boolean {
    if (status.state === 'transferring' && status.verifiedBytes !== before?.verifiedBytes) {
      const ratio = ratioOf(status.verifiedBytes, status.bytes);
      return now - this.#lineAt >= CLI_LINE_MS || ratio - this.#lineRatio >= STEP_RATIO;
    }
    return (status.state === 'transferring' || status.state === 'waiting') && now - this.#lineAt >= CLI_STALL_LINE_MS;
  }

  #progress(status: DownloadStatus, now: number, ageMs: number): string[] {
    this.#lineAt = now;
    this.#lineRatio = ratioOf(status.verifiedBytes, status.bytes);
    const done = `${showPercent(status.verifiedBytes, status.bytes)}, ${showBytes(status.verifiedBytes)} of ${showBytes(status.bytes)}`;
    if (status.state !== 'transferring' || status.bytesPerSecond === 0) return [`${done}, ${describeState(status, ageMs)}`];
    const left = status.remainingMs === undefined ? '' : `, ${showSeconds(status.remainingMs)} left`;
    return [`${done}, ${showRate(status.bytesPerSecond)}${left}, ${showCount(liveSources(status), 'source')}`];
  }
}

function sourceChanges(before: DownloadStatus, after: DownloadStatus): string[] {
  const was = new Map(before.report?.sources.map((each) => [each.source, each.state]));
  return (after.report?.sources ?? []).flatMap((each) => {
    const state = was.get(each.source);
    if (state === undefined) return [`source ${safe(each.source)} joined`];
    // Being busy comes and goes many times a second.
    const isNews = state !== each.state && each.state !== 'busy' && !(state === 'busy' && each.state === 'active');
    if (!isNews) return [];
    return [`source ${safe(each.source)} ${each.state === 'active' ? 'is back' : `is ${each.state}`}`];
  });
}
