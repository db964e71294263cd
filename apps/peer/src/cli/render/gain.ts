import type { DownloadStatus } from '../../control/api.js';

type Report = NonNullable<DownloadStatus['report']>;

/** What compression and parallelism bought a download. */
export interface Gain {
  /** Bytes that compression kept off the wire; 0 when more came than the file has. */
  readonly savedBytes: number;
  /** What those would have taken at the rate at which bytes came. */
  readonly savedMs: number;
  /** Times as fast as the fastest source alone: an upper bound where sources share a link. Undefined with fewer than two. */
  readonly speedUp: number | undefined;
}

/** The gain of a download that fetched something, from its account and the duration of its transfer. */
export function gainOf(report: Report, transferMs: number): Gain {
  const fetchedBytes = report.verifiedBytes - report.resumedBytes;
  const savedBytes = Math.max(0, fetchedBytes - report.wireBytes);
  const wireBytesPerMs = transferMs > 0 ? report.wireBytes / transferMs : 0;
  const served = report.sources.filter(({ fileBytes, bytesPerSecond }) => fileBytes > 0 && bytesPerSecond > 0);
  const fastest = Math.max(0, ...served.map(({ bytesPerSecond }) => bytesPerSecond));
  return {
    savedBytes,
    savedMs: wireBytesPerMs > 0 ? savedBytes / wireBytesPerMs : 0,
    speedUp: served.length < 2 || transferMs === 0 ? undefined : fetchedBytes / (transferMs / 1000) / fastest,
  };
}
