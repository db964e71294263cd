import { createRequire } from 'node:module';
import { inflateSync } from 'node:zlib';

/** What is inflated cannot be what was sent: it is no deflate stream, or not one of the declared length. */
export class UndecodableError extends Error {}

/** Inflates one segment at a time, synchronously: it runs in the worker thread, where that holds up nobody. */
export interface Inflater {
  readonly name: 'zlib-sync' | 'node:zlib';
  /**
   * Inflates `body` (RFC 1950) into `target`, all of which must be filled, no more and no less. Throws
   * `UndecodableError`; never takes much more memory than `target` has, whatever `body` would expand to.
   */
  inflate(body: Uint8Array, target: Uint8Array): void;
}

/** The part of the zlib-sync module that is used, written out so that it compiles where the module is not installed. */
export interface ZlibSync {
  readonly Inflate: new (options: { readonly chunkSize: number }) => {
    readonly result: Buffer | string | null;
    readonly err: number;
    push(slice: Buffer, flush: number): void;
  };
  readonly Z_SYNC_FLUSH: number;
  readonly Z_STREAM_END: number;
}

/** zlib-sync where the native module was built for this Node, else `node:zlib`. */
export function loadInflater(sliceBytes: number): Inflater {
  const zlibSync = loadZlibSync();
  return zlibSync === undefined ? nodeInflater : zlibSyncInflater(zlibSync, sliceBytes);
}

/** `undefined` where it is not installed or was built for another Node. */
export function loadZlibSync(): ZlibSync | undefined {
  try {
    return createRequire(import.meta.url)('zlib-sync') as ZlibSync;
  } catch {
    // An optional dependency: that it is missing shows in the name of the inflater, which is logged at start.
    return undefined;
  }
}

/** zlib-sync puts out whatever its input expands to, so it gets the input in slices and the output is measured after each. */
export function zlibSyncInflater(zlibSync: ZlibSync, sliceBytes: number): Inflater {
  return {
    name: 'zlib-sync',
    inflate(body, target) {
      const stream = new zlibSync.Inflate({ chunkSize: CHUNK_BYTES });
      let filled = 0;
      // An empty slice at the end fetches what the stream still held back when its output buffer was full.
      for (let at = 0; filled < target.length || at < body.length; at += sliceBytes) {
        stream.push(
          Buffer.from(body.buffer, body.byteOffset + Math.min(at, body.length), sliceLength(body, at, sliceBytes)),
          zlibSync.Z_SYNC_FLUSH,
        );
        const output = stream.result;
        if (stream.err < 0 || typeof output === 'string' || output === null) throw new UndecodableError(`the inflater says ${stream.err}`);
        if (filled + output.length > target.length) throw new UndecodableError(`more than the declared ${target.length} bytes`);
        target.set(output, filled);
        filled += output.length;
        if (stream.err === zlibSync.Z_STREAM_END) break;
        if (at >= body.length && output.length === 0) break;
      }
      if (filled !== target.length || stream.err !== zlibSync.Z_STREAM_END) {
        throw new UndecodableError(`${filled} of the declared ${target.length} bytes, or no end`);
      }
    },
  };
}

/** What zlib-sync's output buffer grows by. */
const CHUNK_BYTES = 64 * 1024;

function sliceLength(body: Uint8Array, at: number, sliceBytes: number): number {
  return Math.max(0, Math.min(sliceBytes, body.length - at));
}

export const nodeInflater: Inflater = {
  name: 'node:zlib',
  inflate(body, target) {
    let output: Buffer;
    try {
      // One output chunk of the declared size: the default of 16 KiB takes twice the time.
      output = inflateSync(body, { chunkSize: Math.max(target.length, 64), maxOutputLength: target.length });
    } catch (cause) {
      throw new UndecodableError('the inflater refuses it', { cause });
    }
    if (output.length !== target.length) throw new UndecodableError(`${output.length} of the declared ${target.length} bytes`);
    target.set(output);
  },
};
