import type { Codec } from '@p2p/protocol';

/** A holder as the scheduler knows it: the peer id, unique in a download. */
export type SourceId = string;

/** Why a source is no longer one. */
export type LossReason =
  /** Its connection closed, or it said that it no longer has the file. */
  | 'left'
  /** No byte for longer than its own pace explains. */
  | 'silent'
  /** A segment from it did not match its hash. */
  | 'corrupt'
  /** It keeps refusing. */
  | 'refused';

/** What a segment cost and how it came, for rates and for the report. */
export interface Arrival {
  readonly codec: Codec;
  /** Bytes of body received. */
  readonly wireBytes: number;
  /** Bytes of file they hold. */
  readonly fileBytes: number;
}
