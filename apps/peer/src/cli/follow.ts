import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, type FailureCode } from '@p2p/protocol';
import type { DownloadStatus } from '../control/api.js';
import { CLI_REATTACH_MS, CLI_RETRY_MS } from '../limits.js';
import type { ControlClient } from './control-client.js';
import { hasEnded } from './render/download-state.js';

export interface FollowOptions {
  readonly client: ControlClient;
  /** Aborts when the user wants no more. */
  readonly interrupt: AbortSignal;
  onStatus(status: DownloadStatus): void;
  /** The peer is away; or, with `undefined`, back. */
  onAway(failure: Failure | undefined): void;
}

/** What a peer that is being restarted makes of a request, one after the other. */
const PASSING: ReadonlySet<FailureCode> = new Set([
  'UNREACHABLE',
  'CONNECTION_LOST',
  'TIMED_OUT',
  'DIARY_UNREACHABLE',
  'DRAINING',
  'BUSY',
  'UNAUTHORIZED',
]);

/**
 * Follows a download to its end and returns how it ended; interrupted, how it was last seen. The download is the peer's
 * and outlives the peer's restart, so a connection that breaks is made anew for `CLI_REATTACH_MS`; then its failure is thrown.
 */
export async function follow(started: DownloadStatus, options: FollowOptions): Promise<DownloadStatus> {
  let status = started;
  let awaySince: number | undefined;
  while (!hasEnded(status) && !options.interrupt.aborted) {
    try {
      for await (const next of options.client.downloadEvents(status.id, options.interrupt)) {
        if (awaySince !== undefined) options.onAway(undefined);
        awaySince = undefined;
        status = next;
        options.onStatus(status);
        if (hasEnded(status)) return status;
      }
      throw new Failure('CONNECTION_LOST', 'the peer ended the stream before the download has ended');
    } catch (error) {
      if (options.interrupt.aborted) break;
      const failure = await takenUpAgain(status, error, options);
      if (failure !== undefined) {
        awaySince ??= performance.now();
        if (performance.now() - awaySince >= CLI_REATTACH_MS) throw failure;
        options.onAway(failure);
      }
      await sleep(CLI_RETRY_MS, undefined, { signal: options.interrupt }).catch(() => undefined);
    }
  }
  return status;
}

/**
 * Returns the failure if it is one that passes; throws it if not. A peer that has come back may not know the download
 * yet: asking for it once more attaches to it, or starts it where it was.
 */
async function takenUpAgain(status: DownloadStatus, error: unknown, { client }: FollowOptions): Promise<Failure | undefined> {
  if (!(error instanceof Failure)) throw error;
  if (error.code !== 'NOT_FOUND') return passing(error);
  try {
    await client.startDownload({ target: status.id, output: status.output });
    return undefined;
  } catch (again) {
    if (!(again instanceof Failure)) throw again;
    return passing(again);
  }
}

function passing(failure: Failure): Failure {
  if (!PASSING.has(failure.code)) throw failure;
  return failure;
}
