import { onBytesReceived, onRequestCancelled, onSegmentReceived, onSegmentVerified } from './arrivals.js';
import { onRequestRefused } from './busy.js';
import type { TransferCommand } from './commands.js';
import type { TransferEvent } from './events.js';
import { drain, liveSource, onSourceCompleted, onSourceGained, onSourceJoined } from './joined.js';
import { lose } from './lost.js';
import { onSegmentCorrupt } from './lying.js';
import { watchHolders } from './nobody-left.js';
import { plan } from './plan.js';
import { dropSilent, forgiveStall } from './silent.js';
import { hedge } from './slow.js';
import type { TransferState } from './state.js';
import { wakeTime } from './wake.js';

/**
 * Takes in one event and says what to do. Changes `state` in place; the same settings, events and times give the same
 * commands. Nothing is to be done once `finish` or `fail` was said.
 */
export function step(state: TransferState, event: TransferEvent, now: number): TransferCommand[] {
  if (state.ended) return [];
  state.commands = [];
  state.latestAt = now;
  forgiveStall(state, now);
  take(state, event, now);
  if (state.verified.count === state.segmentCount) {
    state.ended = true;
    state.wakeAt = undefined;
    state.commands.push({ kind: 'finish' });
  } else if (state.unplanned || state.wakeAt === undefined || now >= state.wakeAt) {
    decide(state, now);
  }
  return state.commands;
}

/** When to send a `tick` at the latest, in ms of the event clock; undefined when only an event can change anything. */
export function nextWakeAt(state: TransferState): number | undefined {
  return state.ended ? undefined : state.wakeAt;
}

function decide(state: TransferState, now: number): void {
  if (now >= state.nextBeatAt) dropSilent(state, now);
  state.unplanned = false;
  plan(state, now);
  hedge(state, now);
  watchHolders(state, now);
  state.wakeAt = state.ended ? undefined : wakeTime(state, now);
}

function take(state: TransferState, event: TransferEvent, now: number): void {
  switch (event.kind) {
    case 'bytes_received':
      return onBytesReceived(state, event, now);
    case 'segment_received':
      return onSegmentReceived(state, event, now);
    case 'segment_verified':
      return onSegmentVerified(state, event, now);
    case 'segment_corrupt':
      return onSegmentCorrupt(state, event, now);
    case 'request_refused':
      return onRequestRefused(state, event, now);
    case 'request_cancelled':
      return onRequestCancelled(state, event, now);
    case 'source_joined':
      return onSourceJoined(state, event, now);
    case 'source_gained':
      return onSourceGained(state, event);
    case 'source_completed':
      return onSourceCompleted(state, event);
    case 'source_draining': {
      const source = liveSource(state, event.source);
      return source === undefined ? undefined : drain(state, source);
    }
    case 'source_left': {
      const source = state.sources.get(event.source);
      return source === undefined ? undefined : lose(state, source, now);
    }
    case 'buffers_granted':
      state.buffersMax = Math.max(1, Math.floor(event.segmentsMax));
      state.unplanned = true;
      return undefined;
    case 'tick':
      return undefined;
  }
}
