import { createHash } from 'node:crypto';
import { HASH_BYTES, encodeManifest, segmentLengthOf, type Failure, type FileId, type Manifest } from '@p2p/protocol';
import type { Subject } from 'rxjs';
import type { HolderAddress } from '../../apps/peer/src/directory/directory.js';
import type { PeerLinks } from '../../apps/peer/src/links/peer-link.js';

/** A file whose bytes follow from its size, and its manifest. Hashes are of no interest to a link, so they are any. */
export interface ContractFile {
  readonly id: FileId;
  readonly manifest: Manifest;
  segment(index: number): Uint8Array;
}

export function contractFile(fileBytes: number): ContractFile {
  const segments = Math.ceil(fileBytes / (64 * 1024));
  const manifest = encodeManifest(fileBytes, new Uint8Array(segments * HASH_BYTES).fill(7));
  return {
    id: createHash('sha256').update(manifest.bytes).digest('hex'),
    manifest,
    segment(index) {
      const bytes = new Uint8Array(segmentLengthOf(fileBytes, index));
      for (let at = 0; at < bytes.length; at++) bytes[at] = (at * 31 + index * 7) & 0xff;
      return bytes;
    },
  };
}

export interface HolderOptions {
  readonly peer?: string;
  readonly version?: number;
  /** 0: as fast as it goes. Per 1024 bytes. */
  readonly packetDelayMs?: number;
}

/** A holder that a test can make behave in every way that matters to a link. */
export interface ContractHolder {
  readonly address: HolderAddress;
  /** Emits when a watch begins or ends, a segment is asked for, or a cancel comes. */
  readonly changes: Subject<void>;
  readonly cancelled: readonly number[];
  share(file: ContractFile, have: 'complete' | readonly number[]): void;
  gain(file: ContractFile, segments: readonly number[]): void;
  withdraw(file: ContractFile, failure: Failure): void;
  watchersOf(file: ContractFile): number;
  beBusy(retryAfterMs: number | undefined): void;
  lie(lie: 'wrong_length' | 'wrong_request' | undefined): void;
  /** Its connections break and nobody listens any more. */
  kill(): Promise<void>;
}

/** What the suite runs against. */
export interface PeerLinkHarness {
  readonly links: PeerLinks;
  startHolder(options?: HolderOptions): Promise<ContractHolder>;
  teardown(): Promise<void>;
}
