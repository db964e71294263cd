import { count } from './availability.js';
import type { TransferEvent } from './events.js';
import { cancel, end, giveBack, redistribute } from './segments.js';
import type { TransferState } from './state.js';

/** A segment does not match its hash: it is dropped, and its source is asked for nothing of this file again. */
export function onSegmentCorrupt(state: TransferState, event: Extract<TransferEvent, { kind: 'segment_corrupt' }>, now: number): void {
  const attempt = state.attempts.get(event.request);
  if (attempt === undefined) return;
  const { rank, source } = attempt;
  state.account.rejected++;
  end(state, attempt, 'nothing', now);
  if (giveBack(state, rank)) redistribute(state, rank, source, 'corrupt');
  if (source.quarantined) return;
  source.quarantined = true;
  count(state, source, false);
  state.commands.push({ kind: 'quarantine', source: source.id, segment: state.segmentOf[rank] ?? 0 });
  for (const owed of source.owed) {
    if (owed.phase !== 'asked') continue;
    cancel(state, owed, now);
    if (giveBack(state, owed.rank)) redistribute(state, owed.rank, source, 'corrupt');
  }
}
