import { constants } from 'node:fs';
import { open, statfs, stat, type FileHandle } from 'node:fs/promises';
import { Bitmap, Failure, segmentHashOf, segmentLengthOf, type Codec, type Manifest } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import { VERIFY_DEPTH } from '../limits.js';
import type { Block } from './segment-arena.js';
import type { PartPaths } from './part-paths.js';
import type { SegmentResult, SegmentWorkerClient } from './segment-worker-client.js';

/**
 * A file while it is being downloaded: the bytes, at full length from the start and sparse, and beside them the map,
 * one byte a segment, which the worker sets to 1 after it wrote the segment. The map is a hint: after a restart every
 * segment it names is hashed again before it is believed.
 */
export class PartFile {
  readonly manifest: Manifest;
  /** Segments that are known to be right on disk. */
  readonly verified: Bitmap;
  readonly #worker: SegmentWorkerClient;
  readonly #part: FileHandle;
  readonly #map: FileHandle;
  #withWorker = 0;
  #idle: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  private constructor(options: { manifest: Manifest; worker: SegmentWorkerClient; part: FileHandle; map: FileHandle }) {
    this.manifest = options.manifest;
    this.verified = new Bitmap(options.manifest.segmentCount);
    this.#worker = options.worker;
    this.#part = options.part;
    this.#map = options.map;
  }

  /** Opens or creates the part of a file. Throws `DISK_FULL` when what is missing does not fit, `DISK_FAILED`, `ACCESS_DENIED`. */
  static async open(paths: PartPaths, options: { readonly manifest: Manifest; readonly worker: SegmentWorkerClient }): Promise<PartFile> {
    let part: FileHandle | undefined;
    try {
      part = await openForUpdate(paths.part);
      await assertRoom(paths, options.manifest.fileBytes);
      await part.truncate(options.manifest.fileBytes);
      const map = await openForUpdate(paths.map);
      return new PartFile({ ...options, part, map });
    } catch (error) {
      await part?.close();
      throw toFailure(error, 'the part file cannot be opened');
    }
  }

  /**
   * Hashes every segment that the map names and adds those that are right to `verified`. `onProgress` gets the bytes
   * checked so far. Stops early when `signal` aborts. Throws `DISK_FAILED`.
   */
  async verify(onProgress: (verifiedBytes: number) => void, signal: AbortSignal): Promise<void> {
    const claims = new Uint8Array(this.manifest.segmentCount);
    await this.#map.read(claims, 0, claims.length, 0);
    let next = claims.indexOf(1);
    let verifiedBytes = 0;
    const one = async (): Promise<void> => {
      while (next >= 0 && !signal.aborted) {
        const segment = next;
        next = claims.indexOf(1, segment + 1);
        const isRight = await this.#isRight(segment).catch((error: unknown) => {
          // The others stop too.
          next = -1;
          throw error;
        });
        if (isRight) {
          this.verified.add(segment);
          verifiedBytes += segmentLengthOf(this.manifest.fileBytes, segment);
          onProgress(verifiedBytes);
        } else {
          await this.#map.write(Uint8Array.of(0), 0, 1, segment);
        }
      }
    };
    await Promise.all(Array.from({ length: VERIFY_DEPTH }, one));
  }

  /** Decodes, verifies and writes a received segment; `verified` has it when `done` is told `ok`. */
  store(
    received: {
      readonly segment: number;
      readonly block: Block;
      readonly bodyBytes: number;
      readonly rawBytes: number;
      readonly codec: Codec;
    },
    done: (result: SegmentResult) => void,
  ): void {
    this.#withWorker++;
    this.#worker.store(
      {
        ...received,
        hash: segmentHashOf(this.manifest, received.segment),
        fd: this.#part.fd,
        offset: received.segment * this.manifest.segmentBytes,
        mapFd: this.#map.fd,
      },
      (result) => {
        if (result.kind === 'ok') this.verified.add(received.segment);
        this.#workerDone();
        done(result);
      },
    );
  }

  /** Reads a verified segment into the beginning of `target`. Throws `NOT_HELD`, `DISK_FAILED`. */
  async read(segment: number, target: Uint8Array): Promise<number> {
    if (this.#closed !== undefined || !this.verified.has(segment)) {
      throw new Failure('NOT_HELD', `segment ${segment} is not here yet, or no longer; ask another holder`);
    }
    const length = segmentLengthOf(this.manifest.fileBytes, segment);
    const offset = segment * this.manifest.segmentBytes;
    try {
      for (let filled = 0; filled < length;) {
        const { bytesRead } = await this.#part.read(target, filled, length - filled, offset + filled);
        if (bytesRead === 0)
          throw new Failure('DISK_FAILED', `the part file ends at byte ${offset + filled} of ${this.manifest.fileBytes}`);
        filled += bytesRead;
      }
    } catch (error) {
      throw toFailure(error, 'the part file cannot be read');
    }
    return length;
  }

  /** Waits until the bytes are on the disk. */
  async sync(): Promise<void> {
    try {
      await this.#part.sync();
    } catch (error) {
      throw toFailure(error, 'the part file cannot be synced');
    }
  }

  /** Waits for the worker to be done with it, so that its descriptor is never another file's, and closes it. Once. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#withWorker > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await Promise.all([this.#part.close(), this.#map.close()]);
  }

  #isRight(segment: number): Promise<boolean> {
    this.#withWorker++;
    return new Promise((resolve, reject) => {
      this.#worker.check(
        {
          rawBytes: segmentLengthOf(this.manifest.fileBytes, segment),
          hash: segmentHashOf(this.manifest, segment),
          fd: this.#part.fd,
          offset: segment * this.manifest.segmentBytes,
        },
        (result) => {
          this.#workerDone();
          if (result.kind === 'failed') reject(result.failure);
          else resolve(result.kind === 'ok');
        },
      );
    });
  }

  #workerDone(): void {
    this.#withWorker--;
    if (this.#withWorker === 0) this.#idle?.();
  }
}

/** Opens for reading and writing, and creates without emptying what is there. */
function openForUpdate(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o644);
}

/** Compares what is missing with what is free. Other programs may still fill the disk later. */
async function assertRoom(paths: PartPaths, fileBytes: number): Promise<void> {
  const [part, disk] = await Promise.all([stat(paths.part), statfs(paths.folder)]);
  const missingBytes = Math.max(0, fileBytes - part.blocks * 512);
  const freeBytes = disk.bavail * disk.bsize;
  if (missingBytes > freeBytes) {
    throw new Failure(
      'DISK_FULL',
      `the file needs ${missingBytes} more bytes and the disk of ${paths.folder} has ${freeBytes} free; make room and start it again`,
    );
  }
}
