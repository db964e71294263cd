import { Failure, type Manifest } from '@p2p/protocol';
import { toFailure, type Logger } from '@p2p/service';
import type { Shares } from '../share/shares.js';
import { hasContent } from './file-comparison.js';
import type { Job } from './job.js';
import { assertOutputFree, lstatIfThere } from './output-path.js';
import { placeOutput } from './output-placement.js';
import type { PartFile } from './part-file.js';
import type { SegmentWorkerClient } from './segment-worker-client.js';

export interface JobOutputComponents {
  readonly worker: SegmentWorkerClient;
  readonly shares: Shares;
  readonly logger: Logger;
}

export interface JobOutputOptions {
  readonly downloadsFolder: string;
  readonly signal: AbortSignal;
}

/** The place where the result of a job belongs. */
export class JobOutput {
  readonly #components: JobOutputComponents;
  readonly #job: Job;
  readonly #options: JobOutputOptions;

  constructor(components: JobOutputComponents, job: Job, options: JobOutputOptions) {
    this.#components = components;
    this.#job = job;
    this.#options = options;
  }

  /** Whether the very file is there. Throws `ALREADY_EXISTS` when another is and may not be replaced. */
  async isThere(manifest: Manifest, onProgress: (checkedBytes: number) => void): Promise<boolean> {
    const { output, overwrite, outputChosen } = this.#job;
    await assertOutputFree({ path: output, chosen: outputChosen }, { fileBytes: manifest.fileBytes, overwrite });
    const there = await lstatIfThere(output);
    if (there?.isFile() !== true || there.size !== manifest.fileBytes) return false;
    const isSame = await hasContent(output, { manifest, worker: this.#components.worker, signal: this.#options.signal, onProgress });
    this.#options.signal.throwIfAborted();
    if (!isSame && !overwrite) throw this.#alreadyExists();
    return isSame;
  }

  /** Syncs a finished part and moves it there. Throws `ALREADY_EXISTS`, `DISK_FULL`, `DISK_FAILED`, `ACCESS_DENIED`. */
  async place(part: PartFile, partPath: string): Promise<void> {
    const { output, outputChosen, overwrite, id } = this.#job;
    await part.sync();
    const isPlaced = await placeOutput({
      file: id,
      part: partPath,
      output: { path: output, chosen: outputChosen },
      downloadsFolder: this.#options.downloadsFolder,
      overwrite,
    });
    // Something has appeared there since the start. It may be the same content.
    if (!isPlaced && !(await this.isThere(part.manifest, () => undefined))) throw this.#alreadyExists();
  }

  /** Shares the finished file. It is there whether or not that works. */
  async adopt(manifest: Manifest): Promise<void> {
    const { id, name, output } = this.#job;
    const { shares, logger } = this.#components;
    if (shares.list().some((share) => share.id === id && share.path === output)) return;
    try {
      await shares.adopt({ id, name, path: output, manifestBytes: manifest.bytes });
    } catch (error) {
      const failure = toFailure(error);
      logger.warn('download.not_shared', { output, code: failure.code, reason: failure.message });
    }
  }

  #alreadyExists(): Failure {
    const { bytes, output } = this.#job;
    return new Failure(
      'ALREADY_EXISTS',
      `another file of ${bytes} bytes is at "${output}"; choose another output, or overwrite it. What was downloaded is kept`,
    );
  }
}
