/** What can bound the speed of a download: its sources, the links to them, and the disk, the CPU or a delay on the way. */
export const SPEED_LIMITS = ['source', 'link', 'cpu', 'disk', 'delay'] as const;

export type SpeedLimit = (typeof SPEED_LIMITS)[number];

/** How much of a time each of them was at its bound; 0 to 1 each. What is busy all the time is what everything else waits for. */
export type LimitShares = Readonly<Record<SpeedLimit, number>>;

/** The shares that this makes of each. */
export function limitShares(shareOf: (limit: SpeedLimit) => number): LimitShares {
  return Object.fromEntries(SPEED_LIMITS.map((limit) => [limit, shareOf(limit)])) as Record<SpeedLimit, number>;
}

/** One source in one span of a download. */
export interface SourceSpan {
  /** Bytes of body that came from it. */
  readonly wireBytes: number;
  /** At which it says that it sends, by its delay; 0 for no delay. */
  readonly paceBytesPerSecond: number;
  /** The share of its time that it says it cannot serve faster for: reading, compressing, or short of CPU. 0 to 1. */
  readonly busy: number;
}

/** What was measured of one download in one span of time. */
export interface SpeedSpan {
  readonly seconds: number;
  /** The share of it that the downloader's busiest thread computed, or waited for a CPU. */
  readonly cpu: number;
  /** The share of it that the downloader's disk took. */
  readonly disk: number;
  /** Those that owed something, or sent something. */
  readonly sources: readonly SourceSpan[];
}

/**
 * How much each was at its bound. The link cannot be measured from its end: it is what was waited for while nothing else
 * was busy. Nobody to ask is the sources' fault.
 */
export function limitSharesOf({ seconds, cpu, disk, sources }: SpeedSpan): LimitShares {
  const near = { cpu: share(cpu), disk: share(disk) };
  const waiting = 1 - Math.max(near.cpu, near.disk);
  if (sources.length === 0) return { ...near, source: waiting, link: 0, delay: 0 };
  let source = 0;
  let delay = 0;
  let link = 0;
  for (const { wireBytes, paceBytesPerSecond, busy } of sources) {
    const paced = paceBytesPerSecond > 0 && seconds > 0 ? share(wireBytes / (paceBytesPerSecond * seconds)) : 0;
    source += share(busy) / sources.length;
    delay += paced / sources.length;
    link += (1 - Math.max(paced, share(busy))) / sources.length;
  }
  return { ...near, source, delay, link: link * waiting };
}

/** The one that bounded the speed: the one most at its bound. Of two alike the CPU, not the disk: who has no CPU takes long over everything. */
export function largestLimitOf(shares: LimitShares): SpeedLimit {
  return SPEED_LIMITS.reduce((largest, each) => (shares[each] > shares[largest] ? each : largest));
}

function share(value: number): number {
  return Math.min(1, Math.max(0, value));
}
