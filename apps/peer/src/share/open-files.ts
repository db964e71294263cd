import fs from 'node:fs';
import { Failure } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import { fileChanged } from './file-changed.js';
import { fingerprintOf, isGone, sameFingerprint, type Fingerprint } from './fingerprint.js';

interface OpenFile {
  readonly descriptor: Promise<number>;
  readonly fingerprint: Fingerprint;
  users: number;
  /** No longer to be found; closed by its last user. */
  isForgotten: boolean;
}

/** The shared files that are open for reading: the most recently read ones, so that any number can be shared. */
export class OpenFiles {
  readonly #openMax: number;
  /** By path, the least recently used first. */
  readonly #open = new Map<string, OpenFile>();

  constructor(options: { readonly openMax: number }) {
    this.#openMax = options.openMax;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Reads `length` bytes at `position` of the file at `path` into `target`. Throws `FILE_CHANGED` when the file is not
   * the one of `fingerprint`, `BUSY` (too many open files in this process), `DISK_FAILED`.
   */
  async read(
    path: string,
    fingerprint: Fingerprint,
    place: { readonly target: Uint8Array; readonly length: number; readonly position: number },
  ): Promise<void> {
    const file = this.#take(path, fingerprint);
    try {
      const descriptor = await file.descriptor;
      const filled = await readFully(descriptor, place.target, place.length, place.position);
      // The look at the file after the read is the one that counts: it proves that nothing was written from the hash
      // until the bytes were in memory, so one more before each read would add nothing. The path is looked at and not
      // the descriptor: while it leads to the inode that was opened, it tells of the same file, and it also tells when
      // another file took its place. An open file's inode number cannot be used again.
      const stats = await statOf(path);
      if (filled !== place.length || !sameFingerprint(fingerprintOf(stats), fingerprint)) throw fileChanged(path);
    } catch (cause) {
      this.forget(path);
      throw isGone(cause) ? fileChanged(path) : unreadable(cause);
    } finally {
      this.#giveBack(file);
    }
  }

  /** Closes the file at `path` as soon as nothing reads it. A removed file's space on disk is free only then. */
  forget(path: string): void {
    const file = this.#open.get(path);
    if (file === undefined) return;
    this.#open.delete(path);
    file.isForgotten = true;
    if (file.users === 0) close(file);
  }

  close(): void {
    for (const path of [...this.#open.keys()]) this.forget(path);
  }

  #take(path: string, fingerprint: Fingerprint): OpenFile {
    let file = this.#open.get(path);
    if (file !== undefined && !sameFingerprint(file.fingerprint, fingerprint)) {
      this.forget(path);
      file = undefined;
    }
    file ??= { descriptor: openUnchanged(path, fingerprint), fingerprint, users: 0, isForgotten: false };
    file.users++;
    this.#open.delete(path);
    this.#open.set(path, file);
    this.#closeIdle();
    return file;
  }

  #giveBack(file: OpenFile): void {
    file.users--;
    if (file.users === 0 && file.isForgotten) close(file);
    else this.#closeIdle();
  }

  /** Files in use are never closed: there are no more of them than upload buffers. */
  #closeIdle(): void {
    if (this.#open.size <= this.#openMax) return;
    for (const [path, file] of this.#open) {
      if (file.users > 0) continue;
      this.forget(path);
      if (this.#open.size <= this.#openMax) return;
    }
  }
}

function statOf(path: string): Promise<fs.BigIntStats> {
  return new Promise((resolve, reject) => {
    fs.stat(path, { bigint: true }, (error, stats) => (error === null ? resolve(stats) : reject(error)));
  });
}

async function openUnchanged(path: string, fingerprint: Fingerprint): Promise<number> {
  const descriptor = await new Promise<number>((resolve, reject) => {
    // Without O_NONBLOCK, a pipe that took the file's place would block a thread of the pool for good.
    fs.open(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK, (error, opened) => (error === null ? resolve(opened) : reject(error)));
  });
  try {
    const stats = await new Promise<fs.BigIntStats>((resolve, reject) => {
      fs.fstat(descriptor, { bigint: true }, (error, found) => (error === null ? resolve(found) : reject(error)));
    });
    if (!sameFingerprint(fingerprintOf(stats), fingerprint)) throw fileChanged(path);
    return descriptor;
  } catch (cause) {
    await closeDescriptor(descriptor);
    throw cause;
  }
}

/** What another peer may know of a disk that refuses: whether to ask again, and not where files are. */
function unreadable(cause: unknown): Failure {
  const failure = toFailure(cause);
  if (failure.code === 'FILE_CHANGED' || failure.code === 'BUSY') return failure;
  return new Failure('DISK_FAILED', 'the holder cannot read the file', { cause });
}

function close(file: OpenFile): void {
  // A file that could not be opened needs no closing, and its reader was told.
  file.descriptor.then(closeDescriptor, () => undefined);
}

function closeDescriptor(descriptor: number): Promise<void> {
  // A close of a file that was only read has nothing to report.
  return new Promise((resolve) => fs.close(descriptor, () => resolve()));
}

/** Reads until `length` bytes are there or the file ends; returns how many are. */
function readFully(descriptor: number, target: Uint8Array, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let filled = 0;
    const next = (error: NodeJS.ErrnoException | null, bytesRead: number): void => {
      if (error !== null) return reject(error);
      filled += bytesRead;
      if (bytesRead === 0 || filled === length) return resolve(filled);
      fs.read(descriptor, target, filled, length - filled, position + filled, next);
    };
    fs.read(descriptor, target, 0, length, position, next);
  });
}
