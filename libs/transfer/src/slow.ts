import { ATTEMPTS_PER_SEGMENT_MAX, HEDGE_FACTOR, HEDGE_GAIN_MS_MIN, HEDGE_SCAN_INTERVAL_MS } from './limits.js';
import { isUsable, mayAsk } from './plan.js';
import { cancel, redistribute, request } from './segments.js';
import { type Attempt, hasSegment, type SourceState } from './source-state.js';
import type { TransferState } from './state.js';
import { takesTurns, turnsOf, type Turns } from './turns.js';
import { affords, beginDuel } from './waste-budget.js';
import { finishMs, rateOf } from './who.js';

/** An attempt, and in how many ms it is expected to be whole. */
interface Expected {
  readonly attempt: Attempt;
  readonly ms: number;
}

/**
 * When a source is idle and there is nothing missing for it, it takes over what another is expected to bring much
 * later. What has begun is asked for a second time, and whichever comes first wins; what only waits in the other's
 * queue is taken away from it.
 */
export function hedge(state: TransferState, now: number): void {
  if (now < state.nextHedgeScanAt || !hedgeIsPossible(state, now)) return;
  state.nextHedgeScanAt = now + HEDGE_SCAN_INTERVAL_MS;
  const turns = turnsOf(state, now);
  for (const late of latestFirst(state, now)) {
    if (state.attempts.size >= state.buffersMax) return;
    if (!affords(state.waste, late.attempt.fileBytes)) continue;
    const rescuer = soonestFor(state, late.attempt, turns, now);
    if (rescuer === undefined || late.ms <= finishMs(state, rescuer, now) * HEDGE_FACTOR + HEDGE_GAIN_MS_MIN) continue;
    rescue(state, late.attempt, rescuer, now);
  }
}

/** Whether looking could find something: a buffer, a source with room, and a source that owes. */
export function hedgeIsPossible(state: TransferState, now: number): boolean {
  if (state.attempts.size === 0 || state.attempts.size >= state.buffersMax) return false;
  return state.live.some((source) => mayAsk(source, now)) && state.live.some((source) => source.askedCount > 0);
}

function rescue(state: TransferState, late: Attempt, rescuer: SourceState, now: number): void {
  const waitsInQueue = late.wireBytes === 0 && late.source.owed.find((attempt) => attempt.phase === 'asked') !== late;
  redistribute(state, late.rank, late.source, 'source_slow');
  if (waitsInQueue) cancel(state, late, now);
  else state.account.hedged++;
  beginDuel(state.waste, late, request(state, rescuer, late.rank, waitsInQueue ? 'redistributed' : 'hedge', now));
}

/** What is owed alone and waits in a queue, or would come later than all that is still missing; the latest first. */
function latestFirst(state: TransferState, now: number): Expected[] {
  const restMs = missingMs(state, now);
  const late: Expected[] = [];
  for (const source of state.live) {
    if (source.askedCount === 0) continue;
    const rate = rateOf(state, source, now);
    let owedBytes = 0;
    for (const attempt of source.owed) {
      if (attempt.phase !== 'asked') continue;
      owedBytes += Math.max(0, attempt.fileBytes - attempt.wireBytes / state.wireRatio);
      const ms = (owedBytes / rate) * 1000;
      // What only waits in a queue costs nothing to move, so it need not be the tail: in a crowd everybody asks one holder first.
      const waits = attempt.wireBytes === 0 && owedBytes > attempt.fileBytes;
      if ((waits || ms > restMs) && attempt.duel === undefined && isAlone(state, attempt)) late.push({ attempt, ms });
    }
  }
  return late.sort((one, other) => other.ms - one.ms || one.attempt.request - other.attempt.request);
}

/** How long all sources together would need for what is still missing. */
function missingMs(state: TransferState, now: number): number {
  if (state.missing.count === 0) return 0;
  let rates = 0;
  for (const source of state.live) if (isUsable(source, now)) rates += rateOf(state, source, now);
  return ((state.missing.count * state.segmentBytes) / rates) * 1000;
}

function isAlone(state: TransferState, attempt: Attempt): boolean {
  const attempts = state.attemptsAt.get(attempt.rank) ?? [];
  return attempts.length < ATTEMPTS_PER_SEGMENT_MAX && attempts.every((other) => other === attempt || other.phase === 'cancelling');
}

function soonestFor(state: TransferState, late: Attempt, turns: Turns | undefined, now: number): SourceState | undefined {
  let best: SourceState | undefined;
  let bestMs = Infinity;
  for (const source of state.live) {
    if (source === late.source || !hasSegment(source, late.rank) || !mayAsk(source, now)) continue;
    // What someone has already sent is not worth the time of a holder that others wait for.
    if (takesTurns(state, source, turns)) continue;
    const ms = finishMs(state, source, now);
    if (ms >= bestMs) continue;
    best = source;
    bestMs = ms;
  }
  return best;
}
