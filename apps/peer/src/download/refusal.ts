import type { Failure } from '@p2p/protocol';
import type { LossReason, Refusal } from '@p2p/transfer';
import { BUSY_RETRY_MS } from '../limits.js';

/** Why the planner gives a source up, for the log. */
export const DISCONNECT_REASONS: Readonly<Record<LossReason, string>> = {
  left: 'it left',
  silent: 'nothing came for longer than its pace explains',
  corrupt: 'a segment did not match its hash',
  refused: 'it keeps refusing',
};

/** What a holder said instead of sending; `undefined` when the holder is lost with it. */
export function refusalOf(failure: Failure): Refusal | undefined {
  switch (failure.code) {
    case 'BUSY':
      return { kind: 'busy', retryAfterMs: failure.retryAfterMs ?? BUSY_RETRY_MS };
    case 'DRAINING':
      return { kind: 'draining' };
    case 'NOT_HELD':
      return { kind: 'not_held' };
    case 'CONNECTION_LOST':
    case 'FILE_CHANGED':
    case 'LIMIT_EXCEEDED':
      return undefined;
    default:
      return { kind: 'failed' };
  }
}
