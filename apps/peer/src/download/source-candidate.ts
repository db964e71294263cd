import type { HolderAddress } from '../directory/directory.js';
import type { SourceConnection } from './source-connection.js';

/** A holder that a download knows of, connected or not. */
export interface SourceCandidate {
  address: HolderAddress;
  complete: boolean;
  draining: boolean;
  /** Whether the diary last said that it holds the file, and in which life of the diary. */
  listed: boolean;
  epoch: string;
  /** Connections that failed, or ended before they delivered anything, in a row. */
  attempts: number;
  /** Not connected before this, in ms of the clock. */
  retryAt: number;
  connecting: boolean;
  /** It lied, or speaks another version: never again in this download. */
  quarantined: boolean;
  connection: SourceConnection | undefined;
}

export function newCandidate(address: HolderAddress, epoch: string): SourceCandidate {
  return {
    address,
    epoch,
    complete: false,
    draining: false,
    listed: true,
    attempts: 0,
    retryAt: 0,
    connecting: false,
    quarantined: false,
    connection: undefined,
  };
}

/** Whether it could be connected, once its time has come. */
export function isConnectable(candidate: SourceCandidate): boolean {
  return candidate.connection === undefined && !candidate.connecting && !candidate.quarantined && !candidate.draining;
}

/** Whether the first is to be connected rather than the second: fewer failures, then those that have everything. */
export function isBetter(a: SourceCandidate, b: SourceCandidate): boolean {
  if (a.attempts !== b.attempts) return a.attempts < b.attempts;
  return a.complete && !b.complete;
}
