import type { TransferEvent } from './events.js';
import { count, gain, setHoldings } from './availability.js';
import { lose } from './lost.js';
import { newSource, type SourceState } from './source-state.js';
import type { TransferState } from './state.js';
import { fitWindow } from './window.js';

type Event<Kind extends TransferEvent['kind']> = Extract<TransferEvent, { kind: Kind }>;

/** A source is there, for the first time or again: its rate, its failures and its lies are remembered. */
export function onSourceJoined(state: TransferState, event: Event<'source_joined'>, now: number): void {
  let source = state.sources.get(event.source);
  if (source === undefined) {
    source = newSource(event.source);
    state.sources.set(event.source, source);
  }
  // It was told to disconnect and is back before that was reported: its old life is over.
  if (source.phase === 'leaving') lose(state, source, now);
  if (source.phase === 'lost') {
    source.latencyMs = undefined;
    source.servedFrom = now;
    source.gapMs = 0;
    source.completeDoubted = false;
    state.live.push(source);
  }
  source.phase = 'live';
  fitWindow(state, source);
  source.paceBytesPerSecond = Number.isFinite(event.paceBytesPerSecond) ? Math.max(0, event.paceBytesPerSecond) : 0;
  setHoldings(state, source, event.have);
  count(state, source, !source.quarantined);
  state.unplanned = true;
}

export function onSourceGained(state: TransferState, event: Event<'source_gained'>): void {
  const source = liveSource(state, event.source);
  if (source === undefined) return;
  for (const segment of event.segments) {
    const rank = state.rankOf[segment];
    if (rank !== undefined) gain(state, source, rank);
  }
  state.unplanned = true;
}

export function onSourceCompleted(state: TransferState, event: Event<'source_completed'>): void {
  const source = liveSource(state, event.source);
  if (source === undefined || source.completeDoubted) return;
  const wasCounted = source.counted;
  setHoldings(state, source, 'complete');
  count(state, source, wasCounted);
  state.unplanned = true;
}

/** It finishes what it owes and gets nothing new. */
export function drain(state: TransferState, source: SourceState): void {
  if (source.phase !== 'live') return;
  source.phase = 'draining';
  count(state, source, false);
  state.unplanned = true;
}

export function liveSource(state: TransferState, id: string): SourceState | undefined {
  const source = state.sources.get(id);
  return source === undefined || source.phase === 'lost' || source.phase === 'leaving' ? undefined : source;
}
