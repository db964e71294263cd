/** What one download asks of the process-wide budget. */
export interface BufferDemand {
  readonly segmentBytes: number;
  /** How many buffers it could use. */
  readonly segmentsWanted: number;
}

/**
 * Divides `bytesMax` bytes of buffers among downloads; answers a number of segments for each, in order. Each gets at
 * least one, even where that passes the budget, because with none it could never end. The rest is shared max-min
 * fairly: nobody gets more than it wants, and nobody gets more bytes than another that wants them too, but for less
 * than a segment.
 */
export function shareBuffers(bytesMax: number, demands: readonly BufferDemand[]): number[] {
  const shares = demands.map(() => 1);
  let leftBytes = bytesMax;
  for (const demand of demands) leftBytes -= demand.segmentBytes;
  const bytesOf = (index: number): number => (shares[index] ?? 0) * (demands[index]?.segmentBytes ?? 0);
  const open = demands.map((_, index) => index);
  while (open.length > 0) {
    // Whoever has the least bytes so far is next: that fills all shares to one level.
    let place = 0;
    for (let other = 1; other < open.length; other++) {
      if (bytesOf(open[other] ?? 0) < bytesOf(open[place] ?? 0)) place = other;
    }
    const index = open[place] ?? 0;
    const demand = demands[index];
    const share = shares[index] ?? 1;
    if (demand === undefined || share >= demand.segmentsWanted || demand.segmentBytes > leftBytes) {
      open.splice(place, 1);
      continue;
    }
    shares[index] = share + 1;
    leftBytes -= demand.segmentBytes;
  }
  return shares;
}
