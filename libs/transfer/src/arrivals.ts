import { clear } from './availability.js';
import type { TransferEvent } from './events.js';
import { cancel, end, giveBack } from './segments.js';
import { PATIENCE_DECAY } from './limits.js';
import { noteAlive } from './silent.js';
import { lengthOf, type TransferState } from './state.js';
import { noteBytes, noteReceived } from './who.js';
import { growWindow } from './window.js';

type Event<Kind extends TransferEvent['kind']> = Extract<TransferEvent, { kind: Kind }>;

export function onBytesReceived(state: TransferState, event: Event<'bytes_received'>, now: number): void {
  const source = state.sources.get(event.source);
  if (source === undefined) return;
  noteAlive(source, now);
  const attempt = event.request === undefined ? undefined : state.attempts.get(event.request);
  if (attempt === undefined || attempt.source !== source) return;
  noteBytes(state, attempt, event.wireBytes, now);
  source.wireBytes += event.wireBytes;
  state.account.wireBytes += event.wireBytes;
}

/** A segment is whole: whoever else was asked for it is told to stop. A cancelled one may still come whole; it counts as well. */
export function onSegmentReceived(state: TransferState, event: Event<'segment_received'>, now: number): void {
  const attempt = state.attempts.get(event.request);
  if (attempt === undefined || attempt.phase === 'received') return;
  const { source } = attempt;
  const unreported = event.arrival.wireBytes - attempt.wireBytes;
  if (unreported > 0) {
    onBytesReceived(state, { kind: 'bytes_received', source: source.id, request: event.request, wireBytes: unreported }, now);
  }
  noteReceived(state, attempt, now);
  attempt.phase = 'received';
  const place = source.owed.indexOf(attempt);
  if (place >= 0) source.owed.splice(place, 1);
  growWindow(state, source);
  if (state.missing.has(attempt.rank)) clear(state, attempt.rank);
  for (const other of state.attemptsAt.get(attempt.rank) ?? []) cancel(state, other, now);
  state.unplanned = true;
}

export function onSegmentVerified(state: TransferState, event: Event<'segment_verified'>, now: number): void {
  const attempt = state.attempts.get(event.request);
  if (attempt === undefined) return;
  const { rank, source } = attempt;
  source.failuresInARow = 0;
  source.refusing = false;
  source.patience = Math.max(1, source.patience * PATIENCE_DECAY);
  state.waitUntil = undefined;
  const isFirst = state.verified.add(rank);
  end(state, attempt, isFirst ? 'verified' : 'nothing', now);
  if (!isFirst) return;
  state.moved.delete(rank);
  state.account.verifiedBytes += lengthOf(state, rank);
  source.segments++;
  source.fileBytes += lengthOf(state, rank);
  for (const other of state.attemptsAt.get(rank) ?? []) cancel(state, other, now);
}

export function onRequestCancelled(state: TransferState, event: Event<'request_cancelled'>, now: number): void {
  const attempt = state.attempts.get(event.request);
  if (attempt === undefined) return;
  end(state, attempt, 'nothing', now);
  // A runner may give a request up for reasons of its own: then the segment is missing again.
  giveBack(state, attempt.rank);
}
