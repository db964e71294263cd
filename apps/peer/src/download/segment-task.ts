import type { Codec } from '@p2p/protocol';

/**
 * What goes to the worker thread and comes back. All offsets are of the shared buffer or of the file; file descriptors
 * belong to the process, so the worker writes to what the main thread has opened.
 */
export type SegmentTask =
  /** Decode, compare with the hash, write to the file, and mark it in the map (one byte a segment). */
  | {
      readonly kind: 'store';
      readonly id: number;
      readonly at: number;
      readonly bodyBytes: number;
      readonly rawBytes: number;
      readonly codec: Codec;
      readonly hash: Uint8Array;
      readonly fd: number;
      readonly offset: number;
      readonly mapFd: number;
      readonly segment: number;
    }
  /** Read from the file and compare with the hash. */
  | {
      readonly kind: 'check';
      readonly id: number;
      readonly rawBytes: number;
      readonly hash: Uint8Array;
      readonly fd: number;
      readonly offset: number;
    };

/** Times of the phases in ms; `beganAt` is ms since 1970, with fractions, and compares across threads. */
export interface SegmentTimes {
  readonly beganAt: number;
  readonly decompressMs: number;
  readonly verifyMs: number;
  readonly writeMs: number;
}

export type SegmentVerdict =
  | { readonly kind: 'ok'; readonly id: number; readonly times: SegmentTimes }
  /** Not what the hash says, or not decodable. */
  | { readonly kind: 'corrupt'; readonly id: number; readonly reason: 'undecodable' | 'mismatch'; readonly times: SegmentTimes }
  | { readonly kind: 'failed'; readonly id: number; readonly code: 'DISK_FULL' | 'DISK_FAILED' | 'INTERNAL'; readonly message: string };

/** The first message of the worker. */
export interface WorkerGreeting {
  readonly kind: 'ready';
  /** Its thread's number, where the system gives numbers. */
  readonly thread?: string;
  readonly inflater: string;
}

export interface SegmentWorkerData {
  readonly arena: SharedArrayBuffer;
  readonly segmentBytesMax: number;
  readonly inflateSliceBytes: number;
  readonly zstdWindowLogMax: number;
  readonly garbageBytesMax: number;
}
