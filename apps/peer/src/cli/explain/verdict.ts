import { largestLimitOf, limitShares, type LimitShares, type SpeedLimit } from '@p2p/transfer';
import type { Limits } from './flight-file.js';

/** What bounded the speed of a download, all of it together. */
export interface Verdict {
  readonly limit: SpeedLimit;
  /** The share of the time that each was at its bound; 0 to 1. */
  readonly shares: LimitShares;
}

/** Undefined when the record does not tell: an older peer wrote it, or nothing was transferred. */
export function verdictOf(limits: readonly Limits[]): Verdict | undefined {
  const totalMs = limits.reduce((sum, { fromMs, untilMs }) => sum + untilMs - fromMs, 0);
  if (totalMs <= 0) return undefined;
  const shares = limitShares((limit) => limits.reduce((sum, each) => sum + each[limit] * (each.untilMs - each.fromMs), 0) / totalMs);
  return { limit: largestLimitOf(shares), shares };
}

/** The one sentence. */
export function verdictSentence(verdict: Verdict | undefined): string {
  if (verdict === undefined) return 'What bounded the speed is not in this record: it has no line of the kind "limits".';
  const percent = Math.round(verdict.shares[verdict.limit] * 100);
  return `${BOUNDED_BY[verdict.limit]} ${percent} % of the time ${REASONS[verdict.limit]}.`;
}

const BOUNDED_BY: Readonly<Record<SpeedLimit, string>> = {
  source: 'The sources bounded the speed:',
  link: 'The link bounded the speed:',
  disk: 'The disk bounded the speed:',
  cpu: 'The CPU bounded the speed:',
  delay: 'A delay bounded the speed:',
};

const REASONS: Readonly<Record<SpeedLimit, string>> = {
  source: 'they could not read, compress or send any faster, or there was none to ask',
  link: 'bytes were on their way while the sources, this disk and this CPU had time to spare',
  disk: 'this peer was writing to its disk',
  cpu: 'a thread of this peer computed or waited for a CPU',
  delay: 'the sources held packets back, as their P2P_PACKET_DELAY_MS tells them to',
};
