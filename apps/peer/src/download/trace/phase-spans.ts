import type { Codec } from '@p2p/protocol';
import type { Span } from '@p2p/service';
import type { SettledSegment } from '../segment-worker-client.js';

/** What the worker did with a segment that had come whole at `receivedAt` (ms since 1970), one after the other. */
export function phaseSpans(attempt: Span, receivedAt: number, stored: SettledSegment, codec: Codec): void {
  const { decompressMs, verifyMs, writeMs } = stored.times;
  let at = receivedAt + stored.queueMs;
  const phase = (name: string, ms: number): void => {
    attempt.child(name, { startedAt: at }).end({ endedAt: at + ms });
    at += ms;
  };
  if (codec !== 'identity') phase('decompress', decompressMs);
  phase('verify', verifyMs);
  if (stored.kind === 'ok') phase('write', writeMs);
}
