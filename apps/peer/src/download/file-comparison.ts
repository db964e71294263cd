import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { segmentHashOf, segmentLengthOf, type Manifest } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import { COMPARE_DEPTH } from '../limits.js';
import type { SegmentWorkerClient } from './segment-worker-client.js';

/**
 * Whether the file at `path` has exactly the content of a manifest. Hashes in the worker, and stops at the first
 * difference or when `signal` aborts (then: no). Throws `DISK_FAILED`, `ACCESS_DENIED`, `NOT_FOUND`.
 */
export async function hasContent(
  path: string,
  options: {
    readonly manifest: Manifest;
    readonly worker: SegmentWorkerClient;
    readonly signal: AbortSignal;
    readonly onProgress?: (bytes: number) => void;
  },
): Promise<boolean> {
  const { manifest, worker, signal } = options;
  let checkedBytes = 0;
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const status = await handle.stat();
      if (!status.isFile() || status.size !== manifest.fileBytes) return false;
      let next = 0;
      let isSame = true;
      const one = async (): Promise<void> => {
        while (isSame && next < manifest.segmentCount && !signal.aborted) {
          const index = next++;
          const rawBytes = segmentLengthOf(manifest.fileBytes, index);
          const isRight = await checkSegment(worker, {
            rawBytes,
            hash: segmentHashOf(manifest, index),
            fd: handle.fd,
            offset: index * manifest.segmentBytes,
          });
          checkedBytes += rawBytes;
          if (isRight) options.onProgress?.(checkedBytes);
          else isSame = false;
        }
      };
      // All of them: the descriptor is closed below, and must not be with the worker then.
      const results = await Promise.allSettled(Array.from({ length: COMPARE_DEPTH }, one));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      return isSame && !signal.aborted;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw toFailure(error, `"${path}" cannot be compared`);
  }
}

function checkSegment(
  worker: SegmentWorkerClient,
  request: { rawBytes: number; hash: Uint8Array; fd: number; offset: number },
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    worker.check(request, (result) => {
      if (result.kind === 'failed') reject(result.failure);
      else resolve(result.kind === 'ok');
    });
  });
}
