import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileIdSchema } from '@p2p/protocol';
import { toFailure, type Logger } from '@p2p/service';
import { z } from 'zod';
import { SHARE_EXCEPTIONS_MAX, SHARE_INDEX_BYTES_MAX, SHARE_ROOTS_MAX } from '../limits.js';
import { isGone } from './fingerprint.js';
import { sameRoot, type ShareRoot } from './share-root.js';

const INDEX_VERSION = 1;

const storedRootSchema = z.object({
  origin: z.enum(['folder', 'command', 'download']),
  path: z.string().min(1),
  kind: z.enum(['file', 'folder']),
  name: z.string(),
  exceptions: z.array(z.string()).max(SHARE_EXCEPTIONS_MAX).optional(),
  expectedFile: fileIdSchema.optional(),
});

const storedIndexSchema = z.object({ version: z.literal(INDEX_VERSION), roots: z.array(storedRootSchema).max(SHARE_ROOTS_MAX) });

export interface ShareIndexOptions {
  readonly path: string;
  readonly rootsMax?: number;
  readonly logger: Logger;
}

/**
 * What is shared, on disk: the files and folders that were given, not each file in them. Written as a whole, synced and
 * renamed into place.
 */
export class ShareIndex {
  readonly #options: ShareIndexOptions;
  readonly #roots = new Set<ShareRoot>();
  /** The write under way, and the one after it, which will hold what changes until it begins. */
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(options: ShareIndexOptions) {
    this.#options = options;
  }

  get roots(): readonly ShareRoot[] {
    return [...this.#roots];
  }

  get isFull(): boolean {
    return this.#roots.size >= this.rootsMax;
  }

  get rootsMax(): number {
    return this.#options.rootsMax ?? SHARE_ROOTS_MAX;
  }

  has(root: ShareRoot): boolean {
    return this.#roots.has(root);
  }

  /** The root that is the same request as `root`. */
  find(root: ShareRoot): ShareRoot | undefined {
    for (const other of this.#roots) if (sameRoot(other, root)) return other;
    return undefined;
  }

  /** An index that cannot be read is set aside: a peer that shares nothing is better than one that does not start. */
  async load(): Promise<void> {
    const { path, logger } = this.#options;
    try {
      await fs.mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const { size } = await fs.stat(path);
      if (size > SHARE_INDEX_BYTES_MAX) throw new Error(`it has ${size} bytes; at most ${SHARE_INDEX_BYTES_MAX} are read`);
      const stored = storedIndexSchema.parse(JSON.parse(await fs.readFile(path, 'utf8')));
      for (const { exceptions, expectedFile, ...root } of stored.roots) {
        this.#roots.add({ ...root, exceptions: new Set(exceptions), ...(expectedFile === undefined ? {} : { expectedFile }) });
      }
    } catch (error) {
      if (isGone(error)) return;
      const aside = `${path}.unreadable`;
      logger.error('share_index_unreadable', { path, setAsideAs: aside, error });
      await fs.rename(path, aside).catch((cause: unknown) => logger.warn('share_index_not_set_aside', { error: cause }));
    }
  }

  add(root: ShareRoot): void {
    this.#roots.add(root);
  }

  remove(root: ShareRoot): void {
    this.#roots.delete(root);
  }

  /** Resolves when everything changed so far is on disk. Throws `DISK_FULL`, `DISK_FAILED`, `ACCESS_DENIED`. */
  save(): Promise<void> {
    this.#next ??= this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#writing = this.#write();
        return this.#writing;
      });
    return this.#next;
  }

  async #write(): Promise<void> {
    const { path, logger } = this.#options;
    if (this.#roots.size > this.rootsMax) logger.warn('shares_not_remembered', { shares: this.#roots.size, rememberedMax: this.rootsMax });
    const roots = this.roots
      .slice(0, this.rootsMax)
      .map(({ exceptions, ...root }) => (exceptions.size === 0 ? root : { ...root, exceptions: [...exceptions] }));
    const temporary = join(dirname(path), `index.${randomBytes(4).toString('hex')}.tmp`);
    try {
      await fs.writeFile(temporary, JSON.stringify({ version: INDEX_VERSION, roots }), { mode: 0o600, flush: true });
      await fs.rename(temporary, path);
      await syncFolder(dirname(path));
    } catch (cause) {
      await fs.rm(temporary, { force: true }).catch(() => undefined);
      throw toFailure(cause, 'cannot remember what is shared');
    }
  }
}

/** A rename is on disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await fs.open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
