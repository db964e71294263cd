import type { TransferCommand } from '../commands.js';
import type { TransferReport } from '../report.js';
import type { TransferState } from '../state.js';
import type { SourcePlan } from './simulated-source.js';

/** A download and its holders, as a test makes them up. */
export interface SwarmPlan {
  readonly seed: number;
  readonly fileBytes: number;
  readonly buffersMax: number;
  readonly holderWaitMs: number;
  /** From a segment's last byte to its being verified. */
  readonly verifyMs: number;
  readonly sources: readonly SourcePlan[];
  /** Changes of the number of buffers. */
  readonly buffers?: readonly { readonly at: number; readonly segmentsMax: number }[];
  /** What the downloader's own link carries; undefined for more than it ever gets. */
  readonly downBytesPerSecond?: number;
  /** When the diary is away: nobody is found, and who comes back is not heard of. */
  readonly outages?: readonly { readonly from: number; readonly to: number }[];
  /** When the downloader's process stands still, and for how long. */
  readonly stalls?: readonly { readonly at: number; readonly ms: number }[];
  /** Gives up the simulation, as a failure, after this virtual time. */
  readonly endMs: number;
}

/** How it went. */
export interface SwarmResult {
  readonly outcome: 'finished' | 'no_holders';
  readonly endedAt: number;
  readonly steps: number;
  readonly commands: readonly TransferCommand[];
  readonly report: TransferReport;
  readonly state: TransferState;
  /** Bytes received that did not become a verified segment: of requests that were called off, and of all. */
  readonly calledOffBytes: number;
  readonly beyondBytes: number;
}
