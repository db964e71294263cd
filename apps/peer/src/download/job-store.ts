import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Failure, fileIdSchema, segmentBytesOf, segmentCountOf, type FileId } from '@p2p/protocol';
import { toFailure, type Logger } from '@p2p/service';
import { JOB_FILE_BYTES_MAX } from '../limits.js';
import { jobSchema, type Job } from './job.js';
import { partPathsOf, type PartPaths } from './part-paths.js';

/** Jobs on disk, one file each, written so that a crash leaves the old or the new one whole. */
export class JobStore {
  readonly folder: string;
  readonly #logger: Logger;
  /** Writes are done one after the other: two of one job must not share a temporary file. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, logger: Logger) {
    this.folder = folder;
    this.#logger = logger;
  }

  /** Throws `ACCESS_DENIED`, `DISK_FAILED`. */
  static async open(folder: string, logger: Logger): Promise<JobStore> {
    try {
      await mkdir(folder, { recursive: true });
    } catch (error) {
      throw toFailure(error, 'the folder of unfinished downloads cannot be made');
    }
    return new JobStore(folder, logger);
  }

  pathsOf(id: FileId): PartPaths {
    return partPathsOf(this.folder, id);
  }

  /** Every job, oldest first. One that cannot be read is set aside and logged; its part stays for the next attempt. */
  async load(): Promise<Job[]> {
    const jobs: Job[] = [];
    for (const entry of await readdir(this.folder)) {
      if (!entry.endsWith('.job')) continue;
      const job = await this.#read(path.join(this.folder, entry));
      if (job !== undefined && entry === `${job.id}.job`) jobs.push(job);
    }
    return jobs.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  }

  /** Throws `DISK_FULL`, `DISK_FAILED`. */
  save(job: Job): Promise<void> {
    return this.#inOrder(() => writeWhole(this.pathsOf(job.id).job, `${JSON.stringify(job)}\n`));
  }

  /** Throws `DISK_FULL`, `DISK_FAILED`. */
  saveManifest(id: FileId, bytes: Uint8Array): Promise<void> {
    return this.#inOrder(() => writeWhole(this.pathsOf(id).manifest, bytes));
  }

  /** The manifest as it was saved, or `undefined`; the caller checks it. */
  async loadManifest(id: FileId, manifestBytes: number): Promise<Uint8Array | undefined> {
    const file = this.pathsOf(id).manifest;
    try {
      return (await stat(file)).size === manifestBytes ? await readFile(file) : undefined;
    } catch {
      // Not there, or not readable: it is fetched again.
      return undefined;
    }
  }

  /** Bytes that the map of a job claims to have; a hint, until they are verified. */
  async claimedBytes(job: Job): Promise<number> {
    const file = this.pathsOf(job.id).map;
    const segmentCount = segmentCountOf(job.bytes);
    const map = await readFile(file).catch(() => undefined);
    if (map === undefined || map.length > segmentCount) return 0;
    const segments = map.reduce((count, mark) => count + (mark === 1 ? 1 : 0), 0);
    return Math.min(job.bytes, segments * segmentBytesOf(job.bytes));
  }

  /** Removes everything of a download. */
  discard(id: FileId): Promise<void> {
    const paths = this.pathsOf(id);
    return this.#inOrder(async () => {
      // The job last: what is left after a crash in between still belongs to one.
      for (const file of [paths.part, paths.map, paths.manifest, paths.job]) await rm(file, { force: true });
    });
  }

  /** Bytes on disk of everything that a download keeps, and when it was last written to; nothing when there is no part. */
  async parts(): Promise<{ readonly id: FileId; readonly diskBytes: number; readonly writtenAtMs: number }[]> {
    const found = new Map<FileId, { id: FileId; diskBytes: number; writtenAtMs: number }>();
    for (const entry of await readdir(this.folder)) {
      const id = fileIdSchema.safeParse(entry.slice(0, 64));
      if (!id.success) continue;
      const status = await stat(path.join(this.folder, entry)).catch(() => undefined);
      if (status === undefined) continue;
      const part = found.get(id.data) ?? { id: id.data, diskBytes: 0, writtenAtMs: 0 };
      part.diskBytes += status.blocks * 512;
      part.writtenAtMs = Math.max(part.writtenAtMs, status.mtimeMs);
      found.set(id.data, part);
    }
    return [...found.values()];
  }

  async #read(file: string): Promise<Job | undefined> {
    try {
      const { size } = await stat(file);
      if (size > JOB_FILE_BYTES_MAX)
        throw new Failure('LIMIT_EXCEEDED', `a job file of ${size} bytes; at most ${JOB_FILE_BYTES_MAX} are read`);
      return jobSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    } catch (error) {
      const aside = `${file}.corrupt`;
      this.#logger.warn('download.job_unreadable', {
        file,
        setAside: aside,
        reason: error instanceof Error ? error.message : String(error),
      });
      await rename(file, aside).catch(() => undefined);
      return undefined;
    }
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    const result = this.#last.then(work).catch((error: unknown) => {
      throw toFailure(error, 'the state of a download cannot be written');
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Writes a file beside, syncs it, and renames it into place. */
async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${file}.new`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
