import {
  LATENCY_PRIOR_MS,
  LUMP_BYTES,
  RATE_BYTES_PER_SECOND_MIN,
  RATE_INTERVAL_MS_MIN,
  RATE_PRIOR_BYTES_PER_SECOND,
  RATE_RECOVERY_MS,
  RATE_WEIGHT,
} from './limits.js';
import type { Attempt, SourceState } from './source-state.js';
import type { TransferState } from './state.js';

/**
 * What is to be expected of each source. Requests of one connection are served in order, one body at a time, so the
 * time between two completions is what one segment costs there; only an idle connection shows its latency.
 */
export function noteRequested(source: SourceState, attempt: Attempt, now: number): void {
  if (attempt.onIdle) {
    source.measuredFrom = now;
    source.measuredBytes = 0;
    source.servedFrom = now;
    source.aliveAt = now;
    source.heard = false;
  }
  source.owed.push(attempt);
  source.askedCount++;
  source.askedBytes += attempt.fileBytes;
}

export function noteBytes(state: TransferState, attempt: Attempt, wireBytes: number, now: number): void {
  const { source } = attempt;
  if (attempt.wireBytes === 0) {
    attempt.firstByteAt = now;
    attempt.firstWireBytes = wireBytes;
    if (attempt.onIdle && source.owed[0] === attempt) {
      const latencyMs = now - attempt.requestedAt;
      source.latencyMs = Math.min(source.latencyMs ?? latencyMs, latencyMs);
      source.measuredFrom = now;
      source.measuredBytes = -wireBytes / state.wireRatio;
    }
  }
  attempt.wireBytes += wireBytes;
  attempt.latestByteAt = now;
  if (attempt.phase === 'asked') source.askedWireBytes += wireBytes;
}

/** An attempt is no longer asked for. One that was late leaves behind how late: its source is slower than was thought. */
export function noteWithdrawn(state: TransferState, attempt: Attempt, now: number): void {
  const { source } = attempt;
  const rate = rateOf(state, source, now);
  if (source.rateBytesPerSecond > 0 && rate < source.rateBytesPerSecond) source.rateBytesPerSecond = rate;
  forgetAsked(attempt);
}

/** A segment came whole. */
export function noteReceived(state: TransferState, attempt: Attempt, now: number): void {
  const { source } = attempt;
  const inOneArrival = attempt.wireBytes === attempt.firstWireBytes;
  if (attempt.phase === 'asked') forgetAsked(attempt);
  state.wireRatio += RATE_WEIGHT * (Math.max(attempt.wireBytes, 1) / attempt.fileBytes - state.wireRatio);
  source.measuredBytes += attempt.fileBytes;
  source.servedFrom = now;
  const intervalMs = now - source.measuredFrom;
  if (intervalMs >= RATE_INTERVAL_MS_MIN && source.measuredBytes > 0 && !(attempt.onIdle && inOneArrival)) {
    learn(state, source, (source.measuredBytes / intervalMs) * 1000, false);
    source.measuredFrom = now;
    source.measuredBytes = 0;
  } else if (source.rateIsRough) {
    learn(state, source, (attempt.fileBytes / Math.max(now - attempt.requestedAt, 1)) * 1000, true);
  }
}

/** An attempt ended before it was whole; what came of it took the link's time. */
export function noteEnded(state: TransferState, attempt: Attempt, now: number): void {
  attempt.source.measuredBytes += attempt.wireBytes / state.wireRatio;
  attempt.source.servedFrom = now;
}

/** Bytes of file a second that `source` is expected to bring from now on. */
export function rateOf(state: TransferState, source: SourceState, now: number): number {
  const head = source.owed.find((attempt) => attempt.phase === 'asked');
  if (head === undefined) return recovered(source, usual(state, source), now);
  const came = head.wireBytes / state.wireRatio;
  let rate = usual(state, source);
  if (source.rateBytesPerSecond === 0 && source.paceBytesPerSecond === 0 && head.latestByteAt - head.firstByteAt >= RATE_INTERVAL_MS_MIN) {
    rate = ((head.wireBytes - head.firstWireBytes) / state.wireRatio / (head.latestByteAt - head.firstByteAt)) * 1000;
  }
  const elapsedMs = now - Math.max(head.requestedAt, source.servedFrom) - (head.onIdle ? latencyOf(source) : 0);
  if (elapsedMs > 0) rate = Math.min(rate, ((came + Math.min(LUMP_BYTES, head.fileBytes)) / elapsedMs) * 1000);
  return Math.max(rate, RATE_BYTES_PER_SECOND_MIN);
}

/** Milliseconds until `source` would have delivered all it owes. */
export function backlogMs(state: TransferState, source: SourceState, rate: number): number {
  const owedBytes = Math.max(0, source.askedBytes - source.askedWireBytes / state.wireRatio);
  return (owedBytes / rate) * 1000;
}

/** Milliseconds until `source` would have delivered one more segment, if it was asked now. */
export function finishMs(state: TransferState, source: SourceState, now: number): number {
  const rate = rateOf(state, source, now);
  const latencyMs = source.owed.length === 0 ? latencyOf(source) : 0;
  return backlogMs(state, source, rate) + latencyMs + (state.segmentBytes / rate) * 1000;
}

export function latencyOf(source: SourceState): number {
  return source.latencyMs ?? LATENCY_PRIOR_MS;
}

function usual(state: TransferState, source: SourceState): number {
  if (source.rateBytesPerSecond > 0) return source.rateBytesPerSecond;
  if (source.paceBytesPerSecond > 0) return source.paceBytesPerSecond / state.wireRatio;
  return state.typicalBytesPerSecond > 0 ? state.typicalBytesPerSecond : RATE_PRIOR_BYTES_PER_SECOND;
}

/** A source that was slow and then idle may have recovered: without this it would never be asked, and never measured, again. */
function recovered(source: SourceState, rate: number, now: number): number {
  if (rate >= source.rateBestBytesPerSecond) return rate;
  const doublings = Math.min((now - source.servedFrom) / RATE_RECOVERY_MS, 64);
  return Math.min(source.rateBestBytesPerSecond, rate * 2 ** doublings);
}

function learn(state: TransferState, source: SourceState, sample: number, isRough: boolean): void {
  const isFirst = source.rateBytesPerSecond === 0 || (source.rateIsRough && !isRough);
  source.rateBytesPerSecond = isFirst ? sample : source.rateBytesPerSecond + RATE_WEIGHT * (sample - source.rateBytesPerSecond);
  source.rateIsRough = isRough;
  source.rateBestBytesPerSecond = isRough
    ? source.rateBestBytesPerSecond
    : Math.max(source.rateBestBytesPerSecond, source.rateBytesPerSecond);
  if (source.paceBytesPerSecond > 0 || isRough) return;
  const typical = state.typicalBytesPerSecond;
  state.typicalBytesPerSecond = typical === 0 ? sample : typical + (RATE_WEIGHT / 4) * (sample - typical);
}

function forgetAsked(attempt: Attempt): void {
  attempt.source.askedCount--;
  attempt.source.askedBytes -= attempt.fileBytes;
  attempt.source.askedWireBytes -= attempt.wireBytes;
}
