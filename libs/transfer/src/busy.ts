import { deny } from './availability.js';
import type { TransferEvent } from './events.js';
import { drain } from './joined.js';
import {
  BUSY_PAUSE_MS_MAX,
  BUSY_PAUSE_MS_MIN,
  FAILED_PAUSE_MS,
  FAILURES_IN_A_ROW_MAX,
  REFUSING_PAUSE_MS_MAX,
  REFUSING_PAUSE_MS_MIN,
} from './limits.js';
import { end, giveBack, redistribute } from './segments.js';
import type { SourceState } from './source-state.js';
import type { TransferState } from './state.js';
import { shrinkWindow } from './window.js';

/** A source did not deliver a segment but is not lost for it: the segment goes back to the front, and the source may rest. */
export function onRequestRefused(state: TransferState, event: Extract<TransferEvent, { kind: 'request_refused' }>, now: number): void {
  const attempt = state.attempts.get(event.request);
  if (attempt === undefined) return;
  const { rank, source } = attempt;
  const { refusal } = event;
  end(state, attempt, 'nothing', now);
  const isBack = giveBack(state, rank);
  if (refusal.kind === 'busy') {
    pauseBusy(source, refusal.retryAfterMs, now);
    return;
  }
  if (isBack) redistribute(state, rank, source, 'refused');
  if (refusal.kind === 'draining') drain(state, source);
  else if (refusal.kind === 'not_held') deny(state, source, rank);
  else pauseFailed(source, now);
}

/** Being busy is no loss and no failure. Several requests refused at once are one sign, not several. */
function pauseBusy(source: SourceState, retryAfterMs: number, now: number): void {
  if (source.pausedUntil <= now) shrinkWindow(source);
  const pauseMs = Number.isFinite(retryAfterMs) ? retryAfterMs : BUSY_PAUSE_MS_MAX;
  source.pausedUntil = Math.max(source.pausedUntil, now + Math.min(Math.max(pauseMs, BUSY_PAUSE_MS_MIN), BUSY_PAUSE_MS_MAX));
}

/** After a few failures in a row the source counts as refusing: it is left alone, longer each time, until it delivers. */
function pauseFailed(source: SourceState, now: number): void {
  source.failuresInARow++;
  const beyond = source.failuresInARow - FAILURES_IN_A_ROW_MAX;
  source.refusing = beyond >= 0;
  const pauseMs = beyond < 0 ? FAILED_PAUSE_MS : Math.min(REFUSING_PAUSE_MS_MIN * 2 ** Math.min(beyond, 16), REFUSING_PAUSE_MS_MAX);
  source.pausedUntil = Math.max(source.pausedUntil, now + pauseMs);
}
