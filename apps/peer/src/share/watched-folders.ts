import fs from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { fileNameProblem } from '@p2p/protocol';
import type { Logger } from '@p2p/service';
import { isGone } from './fingerprint.js';
import { FolderWatcher } from './folder-watcher.js';
import { nameIn, type ShareRoot } from './share-root.js';

export interface WatchedFoldersComponents {
  readonly logger: Logger;
  isPrivate(realPath: string): boolean;
  /** Something happened to a file that is shared or may be. */
  onFile(path: string, name: string, root: ShareRoot): void;
  /** Walks a folder and shares what is new in it. Never rejects. */
  scan(root: ShareRoot): Promise<void>;
}

export interface WatchedFoldersOptions {
  readonly stableMs: number;
  readonly stablePollMs: number;
  readonly rescanIntervalMs: number;
}

/** Folders whose files are shared as they appear: watched, or walked again and again where the system has no watches left. */
export class WatchedFolders {
  readonly #components: WatchedFoldersComponents;
  readonly #options: WatchedFoldersOptions;
  readonly #watchers = new Map<ShareRoot, FolderWatcher>();
  /** Watched folders that nothing is told of. */
  readonly #blind = new Set<ShareRoot>();
  /** When a folder is to be walked again, on the monotonic clock. */
  readonly #dueAt = new Map<ShareRoot, number>();

  constructor(components: WatchedFoldersComponents, options: WatchedFoldersOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Resolves when changes in the folder are noticed from now on. */
  async watch(root: ShareRoot): Promise<void> {
    if (this.#watchers.has(root)) return;
    const { path } = root;
    const watcher = new FolderWatcher({
      path,
      stableMs: this.#options.stableMs,
      pollMs: this.#options.stablePollMs,
      onFile: (file) => void this.#onFile(root, file),
      onBlind: (error) => this.#onBlind(root, error),
      onError: (error) => this.#components.logger.warn('folder_partly_watched', { path, error }),
    });
    this.#watchers.set(root, watcher);
    await watcher.ready;
  }

  async unwatch(root: ShareRoot): Promise<void> {
    const watcher = this.#watchers.get(root);
    this.#watchers.delete(root);
    this.#blind.delete(root);
    this.#dueAt.delete(root);
    await watcher?.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#watchers.keys()].map((root) => this.unwatch(root)));
  }

  /** Walks the folder soon: more happened than can be told of. */
  rescanSoon(root: ShareRoot): void {
    if (this.#watchers.has(root) && !this.#dueAt.has(root)) this.#dueAt.set(root, performance.now() + this.#options.rescanIntervalMs);
  }

  /** Walks the folders that are due. */
  async rescanDue(): Promise<void> {
    for (const [root, dueAt] of [...this.#dueAt]) {
      const startedAt = performance.now();
      if (startedAt < dueAt) continue;
      this.#dueAt.delete(root);
      await this.#components.scan(root);
      if (!this.#blind.has(root)) continue;
      // A folder that takes long to walk is walked a tenth of the time.
      const tookMs = performance.now() - startedAt;
      this.#dueAt.set(root, performance.now() + Math.max(this.#options.rescanIntervalMs, 9 * tookMs));
    }
  }

  async #onFile(root: ShareRoot, path: string): Promise<void> {
    const { logger } = this.#components;
    const name = nameIn(root, relative(root.path, path).split(sep).join('/'));
    const problem = fileNameProblem(name);
    if (problem !== undefined) return logger.warn('file_not_shared', { path, problem });
    if (root.exceptions.has(name)) return;
    try {
      if (this.#components.isPrivate(await fs.realpath(path))) return;
    } catch (error) {
      if (!isGone(error)) return logger.warn('file_not_shared', { path, error });
    }
    this.#components.onFile(path, name, root);
  }

  #onBlind(root: ShareRoot, error: unknown): void {
    const { logger } = this.#components;
    const everyMs = this.#options.rescanIntervalMs;
    logger.warn('folder_walked_instead_of_watched', { path: root.path, everyMs, error, remedy: 'raise fs.inotify.max_user_watches' });
    this.#blind.add(root);
    this.rescanSoon(root);
    // The watches it got would hold on to what the system is short of.
    this.#watchers
      .get(root)
      ?.close()
      .catch((cause: unknown) => logger.warn('watcher_not_closed', { path: root.path, error: cause }));
  }
}
