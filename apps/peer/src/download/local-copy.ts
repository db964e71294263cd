import type { FileId } from '@p2p/protocol';
import { toFailure, type Logger } from '@p2p/service';
import type { Holding } from '../holdings/holding.js';
import type { Holdings } from '../holdings/holdings.js';
import type { PartFile } from './part-file.js';
import type { Block, SegmentArena } from './segment-arena.js';

/**
 * Fills a part from a complete copy that this peer has itself, verifying each segment like any other. Leaves the rest
 * to the network when the copy turns out not to be what it was. Throws what writing the part throws.
 */
export async function copyFromOwn(
  components: { readonly holdings: Holdings; readonly arena: SegmentArena; readonly logger: Logger },
  options: { readonly file: FileId; readonly part: PartFile; readonly signal: AbortSignal },
): Promise<void> {
  const { holdings, arena, logger } = components;
  const { file, part, signal } = options;
  const own = holdings.get(file);
  if (own?.verified.isFull !== true) return;
  const block = arena.allocate(part.manifest.segmentBytes);
  // No buffer is free just now: other peers can serve it as well.
  if (block === undefined) return;
  try {
    for (let segment = 0; segment < part.manifest.segmentCount && !signal.aborted; segment++) {
      if (part.verified.has(segment)) continue;
      const rawBytes = await readOwn(own, segment, arena.view(block)).catch((error: unknown) => {
        logger.warn('download.own_copy_unusable', { segment, reason: toFailure(error).message });
        return undefined;
      });
      if (rawBytes === undefined || !(await store(part, { segment, block, rawBytes }))) return;
    }
  } finally {
    arena.release(block);
  }
}

async function readOwn(own: Holding, segment: number, target: Uint8Array): Promise<number> {
  return own.read(segment, target);
}

/** Whether it matched its hash. */
function store(part: PartFile, read: { readonly segment: number; readonly block: Block; readonly rawBytes: number }): Promise<boolean> {
  return new Promise((resolve, reject) => {
    part.store({ ...read, bodyBytes: read.rawBytes, codec: 'identity' }, (result) => {
      if (result.kind === 'failed') reject(result.failure);
      else resolve(result.kind === 'ok');
    });
  });
}
