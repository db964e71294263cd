import { Failure } from './failure.js';
import { FILE_BYTES_MAX, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, SEGMENTS_AIMED_AT } from './limits.js';

/**
 * Bytes of a segment of a file of `fileBytes`: the largest power of two between 64 KiB and 1 MiB that still cuts the
 * file into at least 128 segments. It follows from the size alone, so that every peer cuts a file alike.
 * Throws `LIMIT_EXCEEDED` for a file over 1 TiB.
 */
export function segmentBytesOf(fileBytes: number): number {
  assertFileBytes(fileBytes);
  let segmentBytes = SEGMENT_BYTES_MAX;
  while (segmentBytes > SEGMENT_BYTES_MIN && fileBytes < segmentBytes * SEGMENTS_AIMED_AT) segmentBytes /= 2;
  return segmentBytes;
}

/** Number of segments of a file; 0 for an empty one. */
export function segmentCountOf(fileBytes: number): number {
  return Math.ceil(fileBytes / segmentBytesOf(fileBytes));
}

/** Bytes of segment `index`: the last one may be shorter. */
export function segmentLengthOf(fileBytes: number, index: number): number {
  const segmentBytes = segmentBytesOf(fileBytes);
  return Math.min(segmentBytes, fileBytes - index * segmentBytes);
}

export function assertFileBytes(fileBytes: number): void {
  if (!Number.isSafeInteger(fileBytes) || fileBytes < 0 || fileBytes > FILE_BYTES_MAX) {
    throw new Failure('LIMIT_EXCEEDED', `a file of ${fileBytes} bytes cannot be shared; at most ${FILE_BYTES_MAX} bytes can`);
  }
}
