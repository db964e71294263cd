import {
  CANCEL_MS_MAX,
  GAP_DECAY,
  HEARTBEAT_MS,
  PACKET_BYTES_ASSUMED,
  PATIENCE_MAX,
  SILENCE_FIRST_BYTE_MS_MIN,
  SILENCE_GAPS,
  SILENCE_MS_MAX,
  SILENCE_MS_MIN,
  STALL_GRACE_MS,
  STALL_MS_MIN,
} from './limits.js';
import { count } from './availability.js';
import { redistributeOwed } from './segments.js';
import type { SourceState } from './source-state.js';
import type { TransferState } from './state.js';

/** Any byte from a source is a sign of life; how far they are apart tells what silence means with it. */
export function noteAlive(source: SourceState, now: number): void {
  if (source.owed.length > 0) {
    const gapMs = now - source.aliveAt;
    // The first gap holds latency, reading and compressing, and says little of the gaps that follow.
    if (source.heard) source.gapMs = Math.max(gapMs, source.gapMs - (source.gapMs - gapMs) * GAP_DECAY);
    source.heard = true;
  }
  source.aliveAt = Math.max(source.aliveAt, now);
}

/** When a source that owes something will have been silent for too long. */
export function silentAt(source: SourceState): number {
  const paceGapMs = source.paceBytesPerSecond > 0 ? (PACKET_BYTES_ASSUMED / source.paceBytesPerSecond) * 1000 : 0;
  const leastMs = source.heard ? SILENCE_MS_MIN : SILENCE_FIRST_BYTE_MS_MIN;
  const limitMs = Math.max(leastMs, SILENCE_GAPS * Math.max(paceGapMs, source.gapMs)) * source.patience;
  return source.aliveAt + Math.min(limitMs, SILENCE_MS_MAX);
}

/** Gives up every source that owes something and has been silent for too long, or does not end what was cancelled. */
export function dropSilent(state: TransferState, now: number): void {
  for (const source of state.live) {
    if (source.phase === 'leaving' || source.owed.length === 0) continue;
    const isStuck = source.owed.some((attempt) => attempt.phase === 'cancelling' && now - attempt.cancelledAt >= CANCEL_MS_MAX);
    if (now < silentAt(source) && !isStuck) continue;
    source.patience = Math.min(source.patience * 2, PATIENCE_MAX);
    source.phase = 'leaving';
    count(state, source, false);
    state.commands.push({ kind: 'disconnect', source: source.id, reason: 'silent' });
    redistributeOwed(state, source, 'source_silent', now);
  }
}

/**
 * A wake-up that comes late was late for every source: this process was stalled, or the machine slept. By that much
 * they are forgiven, and what waits in the kernel is read first.
 */
export function forgiveStall(state: TransferState, now: number): void {
  const lagMs = state.wakeAt === undefined ? 0 : now - state.wakeAt;
  if (lagMs < STALL_MS_MIN) return;
  for (const source of state.live) {
    if (source.owed.length === 0) continue;
    source.aliveAt = Math.min(now, source.aliveAt + lagMs);
    const graceMs = now + STALL_GRACE_MS - silentAt(source);
    if (graceMs > 0) source.aliveAt += graceMs;
  }
  if (state.waitUntil !== undefined && lagMs > HEARTBEAT_MS) state.waitUntil += lagMs;
}
