import type { Fingerprint } from './fingerprint.js';

/** Bounds that the hash worker is started with. */
export interface HashWorkerData {
  readonly readBytes: number;
  readonly segmentsPerTurn: number;
  readonly progressIntervalMs: number;
}

export type HashRequest =
  /** Hash the file at `path` and make its manifest. */
  | { readonly kind: 'file'; readonly job: number; readonly path: string }
  /** Hash these bytes. */
  | { readonly kind: 'bytes'; readonly job: number; readonly bytes: Uint8Array }
  | { readonly kind: 'abort'; readonly job: number };

export type HashReply =
  | { readonly kind: 'progress'; readonly job: number; readonly hashedBytes: number }
  | {
      readonly kind: 'hashed';
      readonly job: number;
      readonly file: string;
      readonly manifestBytes: Uint8Array;
      readonly fingerprint: Fingerprint;
    }
  /** The file was written to meanwhile. */
  | { readonly kind: 'changed'; readonly job: number }
  | { readonly kind: 'digest'; readonly job: number; readonly hash: Uint8Array }
  | { readonly kind: 'aborted'; readonly job: number }
  | {
      readonly kind: 'failed';
      readonly job: number;
      readonly error: { readonly name: string; readonly message: string; readonly code?: string; readonly path?: string };
    };
