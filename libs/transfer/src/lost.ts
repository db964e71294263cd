import { count } from './availability.js';
import { SOURCES_REMEMBERED_MAX } from './limits.js';
import { end, redistributeOwed } from './segments.js';
import type { SourceState } from './source-state.js';
import type { TransferState } from './state.js';

/** A source is gone: what it owed goes to the front of the queue at once, and its buffers are free. What came whole is still verified. */
export function lose(state: TransferState, source: SourceState, now: number): void {
  if (source.phase === 'lost') return;
  source.phase = 'lost';
  count(state, source, false);
  redistributeOwed(state, source, 'source_left', now);
  for (const attempt of [...source.owed]) end(state, attempt, 'nothing', now);
  source.have = undefined;
  source.wanted = undefined;
  source.complete = false;
  const place = state.live.indexOf(source);
  if (place >= 0) state.live.splice(place, 1);
  state.unplanned = true;
  forgetOldest(state);
}

/** Forgets a lost source that did nothing, good or bad, when there are too many to remember. */
function forgetOldest(state: TransferState): void {
  if (state.sources.size <= SOURCES_REMEMBERED_MAX) return;
  for (const [id, source] of state.sources) {
    if (source.phase !== 'lost' || source.quarantined || source.wireBytes > 0) continue;
    state.sources.delete(id);
    return;
  }
}
