import { PATROL_FILES_PER_ROUND } from '../limits.js';
import type { Logger } from '@p2p/service';
import type { Admission } from './admission.js';
import { Patrol } from './patrol.js';
import { SecondLooks } from './second-looks.js';
import type { ShareIndex } from './share-index.js';
import type { Claim, ShareRegistry } from './share-registry.js';
import type { ShareRoot } from './share-root.js';
import type { SharedCopy } from './shared-file.js';
import { WatchedFolders, type WatchedFoldersOptions } from './watched-folders.js';

export interface UpkeepComponents {
  readonly registry: ShareRegistry;
  readonly admission: Admission;
  readonly index: ShareIndex;
  readonly logger: Logger;
  isPrivate(realPath: string): boolean;
  /** Walks a folder and shares what is new in it. Never rejects. */
  scan(root: ShareRoot): Promise<void>;
}

export interface UpkeepOptions extends WatchedFoldersOptions {
  readonly patrolIntervalMs: number;
}

/** Keeps what is shared true to the disk: what changed or went is withdrawn, what appeared or changed is shared. */
export class Upkeep {
  readonly folders: WatchedFolders;
  readonly #components: UpkeepComponents;
  readonly #patrolIntervalMs: number;
  readonly #stopping = new AbortController();
  readonly #looks: SecondLooks;
  readonly #patrol: Patrol;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(components: UpkeepComponents, options: UpkeepOptions) {
    const { registry, admission, index, logger } = components;
    this.#components = components;
    this.#patrolIntervalMs = options.patrolIntervalMs;
    this.folders = new WatchedFolders(
      {
        logger,
        isPrivate: (realPath) => components.isPrivate(realPath),
        onFile: (path, name, root) => this.#looks.ask(path, [{ name, root }]),
        scan: (root) => components.scan(root),
      },
      options,
    );
    this.#looks = new SecondLooks(
      { admission, logger, onLost: (path, root) => this.#onLost(path, root), onOverflow: (root) => this.folders.rescanSoon(root) },
      this.#stopping.signal,
    );
    this.#patrol = new Patrol(
      { registry, index, onChanged: (copy) => this.changed(copy), onAppeared: (root) => this.look(root) },
      { filesPerRound: PATROL_FILES_PER_ROUND },
    );
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#round = this.#goRound();
    }, this.#patrolIntervalMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.folders.close();
    await this.#round;
    await this.#looks.whenIdle();
  }

  /** Resolves when nothing waits to be looked at. */
  whenIdle(): Promise<void> {
    return this.#looks.whenIdle();
  }

  /** A copy is not what was hashed: it is withdrawn at once, and shared again as what it is now. */
  changed(copy: SharedCopy): void {
    const claims = this.#components.registry.drop(copy, 'changed');
    if (claims.length === 0) return;
    this.#components.logger.info('file_changed', { path: copy.path, file: copy.content.file });
    this.lookAgain(copy.path, claims);
  }

  /** Shares a path again as what it is now. */
  lookAgain(path: string, claims: readonly Claim[]): void {
    this.#looks.ask(path, claims);
  }

  /** Looks at a file that was given, and shares it if it is there. */
  look(root: ShareRoot): void {
    this.#looks.ask(root.path, [{ name: root.name, root }]);
  }

  /** A download that is gone or was edited is over. A file that was given may come back, so its root stays. */
  #onLost(path: string, root: ShareRoot): void {
    const { index, logger } = this.#components;
    if (root.origin !== 'download' || root.path !== path || !index.has(root)) return;
    index.remove(root);
    logger.info('download_no_longer_shared', { path });
    index.save().catch((error: unknown) => logger.warn('share_index_not_saved', { error }));
  }

  async #goRound(): Promise<void> {
    try {
      this.#looks.retry();
      await this.#patrol.round(this.#stopping.signal);
      await this.folders.rescanDue();
    } catch (error) {
      this.#components.logger.error('patrol_failed', { error });
    }
    if (!this.#stopping.signal.aborted) this.start();
  }
}
