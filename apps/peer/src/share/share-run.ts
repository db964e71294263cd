import { basename } from 'node:path';
import { Failure, fileNameProblem } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import { HOLDINGS_MAX } from '../limits.js';
import type { Admission } from './admission.js';
import type { ProgressSink } from './progress-queue.js';
import { sharesOf } from './share-registry.js';
import { nameIn, type ShareRoot } from './share-root.js';
import { walkFolder } from './walk-folder.js';

interface Candidate {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
}

export interface ShareRunComponents {
  readonly admission: Admission;
  isPrivate(realPath: string): boolean;
}

export interface ShareRunOptions {
  readonly root: ShareRoot;
  /** Of the file, when the root is one. */
  readonly bytes: number;
  readonly signal: AbortSignal;
}

/** What became of a run. */
export interface ShareRunOutcome {
  readonly shared: number;
  readonly failed: number;
}

/**
 * Shares what a root stands for, telling `progress` of it: finds all files first, so that the whole is known, then
 * shares one after the other.
 */
export class ShareRun {
  readonly #components: ShareRunComponents;
  readonly #options: ShareRunOptions;
  readonly #progress: ProgressSink;
  readonly #candidates: Candidate[] = [];
  #shared = 0;
  #failed = 0;

  constructor(components: ShareRunComponents, options: ShareRunOptions, progress: ProgressSink) {
    this.#components = components;
    this.#options = options;
    this.#progress = progress;
  }

  /** Throws `CANCELLED`, or what the folder itself cannot be read for. One file's failure is told and counted. */
  async run(): Promise<ShareRunOutcome> {
    const { root, bytes } = this.#options;
    if (root.kind === 'folder') await this.#find();
    else this.#candidates.push({ path: root.path, name: root.name, bytes });
    const totalBytes = this.#candidates.reduce((sum, candidate) => sum + candidate.bytes, 0);
    this.#progress.tell({ kind: 'found', files: this.#candidates.length, bytes: totalBytes });
    let totalHashedBytes = 0;
    for (const candidate of this.#candidates) {
      await this.#share(candidate, totalHashedBytes, totalBytes);
      totalHashedBytes += candidate.bytes;
    }
    return { shared: this.#shared, failed: this.#failed };
  }

  async #find(): Promise<void> {
    const { root, signal } = this.#options;
    let bytes = 0;
    for await (const entry of walkFolder(root.path, { signal, isPrivate: (realPath) => this.#components.isPrivate(realPath) })) {
      if (entry.kind === 'failed') {
        await this.#tellFailed(entry.path, entry.failure);
        continue;
      }
      const name = nameIn(root, entry.relative);
      const problem = fileNameProblem(name);
      if (root.exceptions.has(name)) continue;
      if (problem !== undefined) await this.#tellFailed(entry.path, new Failure('BAD_NAME', problem));
      else if (this.#candidates.length >= HOLDINGS_MAX) {
        throw new Failure('LIMIT_EXCEEDED', `${basename(root.path)} has more than ${HOLDINGS_MAX} files; share a part of it`);
      } else {
        bytes += entry.bytes;
        this.#candidates.push({ path: entry.path, name, bytes: entry.bytes });
        if (this.#candidates.length % 1000 === 0) this.#progress.tell({ kind: 'found', files: this.#candidates.length, bytes });
      }
    }
  }

  async #share({ path, name, bytes }: Candidate, totalBefore: number, totalBytes: number): Promise<void> {
    const { root, signal } = this.#options;
    if (signal.aborted) throw new Failure('CANCELLED', 'sharing was stopped');
    const onProgress = (hashedBytes: number): void =>
      this.#progress.tell({ kind: 'hashing', name, hashedBytes, bytes, totalHashedBytes: totalBefore + hashedBytes, totalBytes });
    try {
      const { copy, remembered } = await this.#components.admission.admit(path, [{ name, root }], { signal, onProgress });
      const share = sharesOf(copy).find((candidate) => candidate.name === name);
      if (share === undefined) return;
      this.#shared++;
      await this.#progress.push({ kind: 'shared', share, remembered });
    } catch (cause) {
      const failure = toFailure(cause);
      if (signal.aborted) throw failure;
      // Unshared while it was hashed: whoever did that knows.
      if (failure.code !== 'CANCELLED') await this.#tellFailed(path, failure);
    }
  }

  async #tellFailed(path: string, { code, message }: Failure): Promise<void> {
    this.#failed++;
    await this.#progress.push({ kind: 'failed', path, code, message });
  }
}
