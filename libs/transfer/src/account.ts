import type { SourceReport, TransferReport } from './report.js';
import type { SourceState } from './source-state.js';
import type { TransferState } from './state.js';

/** The account of a download as it stands. */
export function reportOf(state: TransferState): TransferReport {
  const { account } = state;
  return {
    segmentCount: state.segmentCount,
    segmentsVerified: state.verified.count,
    segmentsResumed: account.segmentsResumed,
    fileBytes: state.fileBytes,
    verifiedBytes: account.verifiedBytes,
    resumedBytes: account.resumedBytes,
    redistributed: { ...account.redistributed },
    hedged: account.hedged,
    wastedBytes: account.wastedBytes,
    wireBytes: account.wireBytes,
    rejected: account.rejected,
    waitingSince: state.waitingSince,
    sources: Array.from(state.sources.values(), (source) => sourceReport(source, state.latestAt)),
  };
}

/** Segment buffers that this download could use now: what its sources may owe, and as many being verified as it has sources. */
export function buffersWanted(state: TransferState): number {
  let wanted = 0;
  for (const source of state.live) {
    if (source.phase === 'live' && !source.quarantined) wanted += source.windowSegments + 1;
  }
  return Math.max(1, Math.min(wanted, state.missing.count + state.attempts.size));
}

function sourceReport(source: SourceState, now: number): SourceReport {
  return {
    source: source.id,
    segments: source.segments,
    fileBytes: source.fileBytes,
    wireBytes: source.wireBytes,
    bytesPerSecond: source.rateBytesPerSecond,
    inFlight: source.askedCount,
    state: stateOf(source, now),
  };
}

function stateOf(source: SourceState, now: number): SourceReport['state'] {
  if (source.quarantined) return 'quarantined';
  if (source.phase === 'lost' || source.phase === 'leaving') return 'lost';
  if (source.phase === 'draining') return 'draining';
  return source.pausedUntil > now ? 'busy' : 'active';
}
