import { usefulCount } from './availability.js';
import { request } from './segments.js';
import { hasSegment, type SourceState } from './source-state.js';
import type { TransferState } from './state.js';
import { turnsOf } from './turns.js';
import { pick } from './what.js';
import { finishMs, latencyOf, rateOf } from './who.js';

/** Hands out missing segments while there are buffers and sources with room. */
export function plan(state: TransferState, now: number): void {
  const passed = new Set<SourceState>();
  const turns = turnsOf(state, now);
  while (state.attempts.size < state.buffersMax && state.missing.count > 0) {
    const source = nextSource(state, passed, now);
    if (source === undefined) return;
    const rank = pick(state, source, turns);
    if (rank < 0 || othersAreSooner(state, source, rank, now)) passed.add(source);
    else request(state, source, rank, state.moved.has(rank) ? 'redistributed' : 'first', now);
  }
}

/** Whether `source` may be asked for something now. */
export function mayAsk(source: SourceState, now: number): boolean {
  return isUsable(source, now) && source.askedCount < source.windowSegments;
}

/** Whether `source` takes requests. One that pauses is not counted on: it may be busy again. */
export function isUsable(source: SourceState, now: number): boolean {
  return source.phase === 'live' && !source.quarantined && source.pausedUntil <= now;
}

/** The source with room that gains the most from one more buffer, and among equals the one that would deliver soonest. */
function nextSource(state: TransferState, passed: ReadonlySet<SourceState>, now: number): SourceState | undefined {
  let best: SourceState | undefined;
  let bestGain = 0;
  let bestMs = Infinity;
  for (const source of state.live) {
    if (!mayAsk(source, now) || usefulCount(state, source) === 0 || passed.has(source)) continue;
    const gain = bufferGain(state, source, now);
    if (best !== undefined && gain < bestGain) continue;
    const ms = finishMs(state, source, now);
    if (best !== undefined && gain === bestGain && ms >= bestMs) continue;
    best = source;
    bestGain = gain;
    bestMs = ms;
  }
  return best;
}

/**
 * Bytes a second that one more request would add: one keeps a near link busy but for its latency, a far one needs
 * several. It decides where buffers go when they are scarce.
 */
function bufferGain(state: TransferState, source: SourceState, now: number): number {
  const rate = rateOf(state, source, now);
  const perBuffer = (state.segmentBytes * 1000) / (latencyOf(source) + (state.segmentBytes / rate) * 1000);
  return Math.min(rate, (source.askedCount + 1) * perBuffer) - Math.min(rate, source.askedCount * perBuffer);
}

/**
 * Whether the others would have everything that is still missing before `source` would have this one segment: then it
 * would only hold up the end. True in the tail alone, and never of the source that would be soonest, so that someone
 * always goes on.
 */
function othersAreSooner(state: TransferState, source: SourceState, rank: number, now: number): boolean {
  const sourceMs = finishMs(state, source, now);
  let segments = 0;
  for (const other of state.live) {
    if (other === source || !isUsable(other, now) || !hasSegment(other, rank)) continue;
    const segmentMs = (state.segmentBytes / rateOf(state, other, now)) * 1000;
    const slackMs = sourceMs - finishMs(state, other, now);
    // Strictly sooner: of two that are alike neither may leave it to the other.
    const inTime = Math.ceil(slackMs / segmentMs - 1e-6);
    if (inTime <= 0) continue;
    segments += Math.min(inTime, usefulCount(state, other));
    if (segments >= state.missing.count) return true;
  }
  return false;
}
