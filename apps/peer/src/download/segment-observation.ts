import type { DownloadMetrics } from './download-metrics.js';
import type { SegmentRequest } from './segment-request.js';
import type { SegmentResult } from './segment-worker-client.js';

/** Counts how long a segment that has arrived was under way. */
export function observeArrival(metrics: DownloadMetrics, request: SegmentRequest): void {
  const receivedAt = request.receivedAt ?? request.startedAt;
  const firstByteAt = request.firstByteAt ?? receivedAt;
  metrics.phase({ phase: 'first_byte', seconds: (firstByteAt - request.startedAt) / 1000 });
  metrics.phase({ phase: 'body', seconds: (receivedAt - firstByteAt) / 1000 });
}

/** Counts what the worker did with it. */
export function observeStored(metrics: DownloadMetrics, request: SegmentRequest, result: Exclude<SegmentResult, { kind: 'failed' }>): void {
  metrics.phase({ phase: 'queue', seconds: result.queueMs / 1000 });
  metrics.phase({ phase: 'verify', seconds: result.times.verifyMs / 1000 });
  if (request.codec !== 'identity') metrics.phase({ phase: 'decompress', seconds: result.times.decompressMs / 1000 });
  if (result.kind === 'corrupt') {
    metrics.rejected(result.reason === 'mismatch' ? 'failed_verification' : 'malformed');
    return;
  }
  metrics.phase({ phase: 'write', seconds: result.times.writeMs / 1000 });
  metrics.bytes({ form: 'file', count: request.rawBytes });
  if (request.wireBytes < request.rawBytes) metrics.compressionSaved(request.rawBytes - request.wireBytes);
}
