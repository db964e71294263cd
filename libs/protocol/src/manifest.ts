import { Failure } from './failure.js';
import { HASH_BYTES, MANIFEST_BYTES_MAX, MANIFEST_HEADER_BYTES } from './limits.js';
import { segmentBytesOf, segmentCountOf } from './segment-size.js';
import { PROTOCOL_VERSION } from './version.js';

/**
 * What a file is: its size and the BLAKE3 hash of every segment, kept as the canonical bytes, whose own BLAKE3 hash is
 * the file id.
 *
 * Layout, little endian: "P2PM" | u8 version | u8 log2 of the segment size | u16 zero | u64 file bytes | 32 bytes a segment.
 */
export interface Manifest {
  /** Size of the file in bytes. */
  readonly fileBytes: number;
  readonly segmentBytes: number;
  readonly segmentCount: number;
  /** The canonical encoding. */
  readonly bytes: Uint8Array;
}

const MAGIC = [0x50, 0x32, 0x50, 0x4d] as const;

/** Exact length of the manifest of a file of `fileBytes`, so that a receiver knows what to expect before it asks. */
export function manifestBytesOf(fileBytes: number): number {
  return MANIFEST_HEADER_BYTES + segmentCountOf(fileBytes) * HASH_BYTES;
}

/** Encodes a manifest from the segments' hashes, laid end to end. Throws `INTERNAL` when their number is wrong. */
export function encodeManifest(fileBytes: number, hashes: Uint8Array): Manifest {
  const segmentBytes = segmentBytesOf(fileBytes);
  const segmentCount = segmentCountOf(fileBytes);
  if (hashes.length !== segmentCount * HASH_BYTES) {
    throw new Failure('INTERNAL', `${hashes.length} bytes of hashes for ${segmentCount} segments`);
  }
  const bytes = new Uint8Array(manifestBytesOf(fileBytes));
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC, 0);
  view.setUint8(4, PROTOCOL_VERSION);
  view.setUint8(5, Math.log2(segmentBytes));
  view.setBigUint64(8, BigInt(fileBytes), true);
  bytes.set(hashes, MANIFEST_HEADER_BYTES);
  return { fileBytes, segmentBytes, segmentCount, bytes };
}

/**
 * Reads a manifest that came from outside. Throws `VERSION_MISMATCH` for another version, `LIMIT_EXCEEDED` for one
 * that is too long, `CORRUPT` for everything else that is not canonical. The caller compares its hash with the id.
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  if (bytes.length > MANIFEST_BYTES_MAX) {
    throw new Failure('LIMIT_EXCEEDED', `a manifest of ${bytes.length} bytes; at most ${MANIFEST_BYTES_MAX} are accepted`);
  }
  if (bytes.length < MANIFEST_HEADER_BYTES || MAGIC.some((byte, at) => bytes[at] !== byte)) {
    throw new Failure('CORRUPT', 'these bytes are not a manifest');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(4);
  if (version !== PROTOCOL_VERSION) {
    throw new Failure('VERSION_MISMATCH', `the manifest has version ${version}, this program reads ${PROTOCOL_VERSION}`);
  }
  const fileBytes = Number(view.getBigUint64(8, true));
  const segmentBytes = segmentBytesOf(fileBytes);
  if (view.getUint8(5) !== Math.log2(segmentBytes) || view.getUint16(6, true) !== 0) {
    throw new Failure('CORRUPT', 'the manifest does not cut the file by the rule');
  }
  if (bytes.length !== manifestBytesOf(fileBytes)) {
    throw new Failure(
      'CORRUPT',
      `a manifest of ${bytes.length} bytes for ${fileBytes} bytes of file; expected ${manifestBytesOf(fileBytes)}`,
    );
  }
  return { fileBytes, segmentBytes, segmentCount: segmentCountOf(fileBytes), bytes };
}

/** The expected hash of segment `index`, as a view of the manifest. */
export function segmentHashOf(manifest: Manifest, index: number): Uint8Array {
  const at = MANIFEST_HEADER_BYTES + index * HASH_BYTES;
  return manifest.bytes.subarray(at, at + HASH_BYTES);
}
