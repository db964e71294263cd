import type { RedistributionReason, RequestCause } from './commands.js';
import { clear, mark } from './availability.js';
import { noteEnded, noteRequested, noteWithdrawn } from './who.js';
import type { Attempt, SourceState } from './source-state.js';
import { lengthOf, type TransferState } from './state.js';
import { settleDuel } from './waste-budget.js';

/**
 * What becomes of a segment: missing -> asked for (one or two attempts) -> received -> verified, and back to missing
 * whenever the last attempt ends in nothing. Every attempt occupies a buffer until it ends.
 */
export function request(state: TransferState, source: SourceState, rank: number, cause: RequestCause, now: number): Attempt {
  const attempt: Attempt = {
    request: state.nextRequest++,
    source,
    rank,
    fileBytes: lengthOf(state, rank),
    requestedAt: now,
    cause,
    phase: 'asked',
    cancelledAt: 0,
    wireBytes: 0,
    firstWireBytes: 0,
    firstByteAt: 0,
    latestByteAt: 0,
    onIdle: source.owed.length === 0,
    duel: undefined,
  };
  if (state.missing.has(rank)) clear(state, rank);
  noteRequested(source, attempt, now);
  state.attempts.set(attempt.request, attempt);
  const others = state.attemptsAt.get(rank);
  if (others === undefined) state.attemptsAt.set(rank, [attempt]);
  else others.push(attempt);
  state.commands.push({ kind: 'request', request: attempt.request, source: source.id, segment: state.segmentOf[rank] ?? 0, cause });
  return attempt;
}

/** The attempt is not wanted any more. Its buffer is free when it ends. */
export function withdraw(state: TransferState, attempt: Attempt, now: number): void {
  if (attempt.phase !== 'asked') return;
  noteWithdrawn(state, attempt, now);
  attempt.phase = 'cancelling';
  attempt.cancelledAt = now;
}

/** As `withdraw`, and tells the source. */
export function cancel(state: TransferState, attempt: Attempt, now: number): void {
  if (attempt.phase !== 'asked') return;
  withdraw(state, attempt, now);
  state.commands.push({ kind: 'cancel', request: attempt.request, source: attempt.source.id });
}

/** The attempt is over and its buffer free. Whatever it brought is waste unless it became the verified segment. */
export function end(state: TransferState, attempt: Attempt, outcome: 'verified' | 'nothing', now: number): void {
  if (attempt.phase === 'asked') withdraw(state, attempt, now);
  state.attempts.delete(attempt.request);
  if (removeFrom(attempt.source.owed, attempt)) noteEnded(state, attempt, now);
  const others = state.attemptsAt.get(attempt.rank);
  if (others !== undefined) {
    removeFrom(others, attempt);
    if (others.length === 0) state.attemptsAt.delete(attempt.rank);
  }
  state.unplanned = true;
  if (outcome === 'verified') return;
  state.account.wastedBytes += attempt.wireBytes;
  settleDuel(state.waste, attempt);
}

/** Whether someone still owes the segment, or it is being verified. */
export function isUnderWay(state: TransferState, rank: number): boolean {
  return state.attemptsAt.get(rank)?.some((attempt) => attempt.phase !== 'cancelling') ?? false;
}

/** The segment goes back to the front of the queue, unless it came, or still comes, another way. */
export function giveBack(state: TransferState, rank: number): boolean {
  if (state.verified.has(rank) || state.missing.has(rank) || isUnderWay(state, rank)) return false;
  mark(state, rank);
  state.front.add(rank);
  state.unplanned = true;
  return true;
}

/** Counts that a segment is to come from another source than `source`. */
export function redistribute(state: TransferState, rank: number, source: SourceState, reason: RedistributionReason): void {
  state.account.redistributed[reason]++;
  state.moved.add(rank);
  state.commands.push({ kind: 'redistributed', segment: state.segmentOf[rank] ?? 0, source: source.id, reason });
}

/** Takes back what `source` still owes, for others. Its buffers are free when the attempts end. */
export function redistributeOwed(state: TransferState, source: SourceState, reason: RedistributionReason, now: number): void {
  const asked = source.owed.filter((attempt) => attempt.phase === 'asked');
  for (const attempt of asked) withdraw(state, attempt, now);
  for (const attempt of asked) {
    if (giveBack(state, attempt.rank)) redistribute(state, attempt.rank, source, reason);
  }
}

function removeFrom(list: Attempt[], attempt: Attempt): boolean {
  const index = list.indexOf(attempt);
  if (index >= 0) list.splice(index, 1);
  return index >= 0;
}
