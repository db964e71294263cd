import type { SpanAttributes } from '@p2p/service';
import type { SegmentRequest } from '../segment-request.js';
import type { SettledSegment } from '../segment-worker-client.js';

/** The attempts that have no spans, in sum. */
export class RestOfTrace {
  #attempts = 0;
  #wireBytes = 0;
  #transferMs = 0;
  #decompressMs = 0;
  #verifyMs = 0;
  #writeMs = 0;

  add({ wireBytes, startedAt, receivedAt = startedAt }: SegmentRequest, stored: SettledSegment | undefined): void {
    this.#attempts++;
    this.#wireBytes += wireBytes;
    this.#transferMs += receivedAt - startedAt;
    if (stored === undefined) return;
    this.#decompressMs += stored.times.decompressMs;
    this.#verifyMs += stored.times.verifyMs;
    this.#writeMs += stored.times.writeMs;
  }

  attributes(): SpanAttributes {
    return {
      'p2p.rest.attempts': this.#attempts,
      'p2p.rest.wire_bytes': this.#wireBytes,
      'p2p.rest.transfer_ms': this.#transferMs,
      'p2p.rest.decompress_ms': this.#decompressMs,
      'p2p.rest.verify_ms': this.#verifyMs,
      'p2p.rest.write_ms': this.#writeMs,
    };
  }
}
