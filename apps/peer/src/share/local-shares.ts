import { join, resolve } from 'node:path';
import { blake3 } from '@napi-rs/blake-hash';
import { assertFileName, decodeManifest, Failure, type FileId } from '@p2p/protocol';
import { toFailure, type Logger } from '@p2p/service';
import type { Subscription } from 'rxjs';
import type { DataDir } from '../data-dir/data-dir.js';
import type { HoldingChange, Holdings } from '../holdings/holdings.js';
import {
  MANIFESTS_REMEMBERED_MAX,
  OPEN_FILES_MAX,
  PATROL_INTERVAL_MS,
  RESCAN_INTERVAL_MS,
  SHARE_PROGRESS_QUEUE_MAX,
  SHARE_RUNS_MAX,
  WATCH_STABLE_MS,
  WATCH_STABLE_POLL_MS,
} from '../limits.js';
import { Admission } from './admission.js';
import type { FileHasher } from './file-hasher.js';
import { fingerprintAt } from './fingerprint.js';
import { ManifestCache } from './manifest-cache.js';
import { OpenFiles } from './open-files.js';
import { ProgressQueue } from './progress-queue.js';
import { ShareIndex } from './share-index.js';
import { ShareRegistry, type Claim } from './share-registry.js';
import type { ShareRoot } from './share-root.js';
import { ShareRun } from './share-run.js';
import { PrivatePaths, rootFor } from './share-targets.js';
import type { Share, ShareProgress, Shares } from './shares.js';
import { unshare } from './unshare.js';
import { Upkeep, type UpkeepOptions } from './upkeep.js';

export interface LocalSharesComponents {
  readonly holdings: Holdings;
  readonly hasher: FileHasher;
  readonly logger: Logger;
}

export interface LocalSharesOptions extends Partial<UpkeepOptions> {
  readonly dataDir: DataDir;
  /** `P2P_SHARE_DIR`, absolute. */
  readonly shareDir?: string;
  readonly openFilesMax?: number;
  readonly manifestsMax?: number;
}

/**
 * The files this peer shares from its own disk. What was given to share is remembered in `shares/index.json` and what
 * was hashed in `shares/manifests/`, so that a restart shares the same again without hashing what did not change.
 */
export class LocalShares implements Shares {
  readonly #components: LocalSharesComponents;
  readonly #options: LocalSharesOptions;
  readonly #openFiles: OpenFiles;
  readonly #registry: ShareRegistry;
  readonly #index: ShareIndex;
  readonly #cache: ManifestCache;
  readonly #admission: Admission;
  readonly #upkeep: Upkeep;
  readonly #stopping = new AbortController();
  readonly #runs = new Set<Promise<void>>();
  #privatePaths: PrivatePaths | undefined;
  #restoring: Promise<void> = Promise.resolve();
  #changes: Subscription | undefined;

  constructor(components: LocalSharesComponents, options: LocalSharesOptions) {
    const { holdings, hasher, logger } = components;
    const directory = options.dataDir.shares;
    this.#components = components;
    this.#options = options;
    this.#openFiles = new OpenFiles({ openMax: options.openFilesMax ?? OPEN_FILES_MAX });
    this.#index = new ShareIndex({ path: join(directory, 'index.json'), logger });
    this.#cache = new ManifestCache({
      directory: join(directory, 'manifests'),
      entriesMax: options.manifestsMax ?? MANIFESTS_REMEMBERED_MAX,
      logger,
    });
    this.#registry = new ShareRegistry({ holdings, openFiles: this.#openFiles, onChanged: (copy) => this.#upkeep.changed(copy) });
    this.#admission = new Admission({ registry: this.#registry, hasher, cache: this.#cache, index: this.#index });
    this.#upkeep = new Upkeep(
      {
        registry: this.#registry,
        admission: this.#admission,
        index: this.#index,
        logger,
        isPrivate: (realPath) => this.#isPrivate(realPath),
        scan: (root) => this.#scan(root),
      },
      {
        patrolIntervalMs: options.patrolIntervalMs ?? PATROL_INTERVAL_MS,
        rescanIntervalMs: options.rescanIntervalMs ?? RESCAN_INTERVAL_MS,
        stableMs: options.stableMs ?? WATCH_STABLE_MS,
        stablePollMs: options.stablePollMs ?? WATCH_STABLE_POLL_MS,
      },
    );
  }

  /**
   * Loads what is remembered and begins to share it again; resolves before all of it is hashed, so that a peer with a
   * full disk is up at once. Throws `ACCESS_DENIED`, `DISK_FULL`, `DISK_FAILED` when the data directory cannot be used.
   */
  async start(): Promise<void> {
    this.#privatePaths = await PrivatePaths.of(this.#options.dataDir);
    await this.#cache.start();
    await this.#index.load();
    this.#takeShareDir();
    this.#changes = this.#components.holdings.changes.subscribe((change) => this.#onHoldingChange(change));
    this.#restoring = this.#restore();
    this.#upkeep.start();
  }

  /** Stops sharing, hashing and watching. What is shared stays in the store of holdings, and on disk what to share again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#changes?.unsubscribe();
    await this.#upkeep.stop();
    await Promise.all([this.#restoring, ...this.#runs]);
    this.#openFiles.close();
  }

  /** Resolves when everything remembered is shared again and no noticed change waits. */
  async whenIdle(): Promise<void> {
    await this.#restoring;
    await this.#upkeep.whenIdle();
  }

  list(): readonly Share[] {
    return this.#registry.list();
  }

  /** As the port says. A folder stays watched. Stopping a first `share` of a path takes back what it had shared. */
  async *share(path: string, options: { readonly name?: string; readonly signal: AbortSignal }): AsyncGenerator<ShareProgress> {
    if (this.#runs.size >= SHARE_RUNS_MAX) {
      throw new Failure('BUSY', `${this.#runs.size} calls share files already; at most ${SHARE_RUNS_MAX} can at once`, {
        retryAfterMs: 1000,
      });
    }
    const given = new AbortController();
    const signal = AbortSignal.any([options.signal, given.signal, this.#stopping.signal]);
    const progress = new ProgressQueue({ eventsMax: SHARE_PROGRESS_QUEUE_MAX });
    // The run goes on while the reader is slow, until its progress fills the queue.
    const work = this.#share(path, options.name, signal, progress).then(
      () => progress.end(),
      (failure: unknown) => progress.end({ failure }),
    );
    this.#runs.add(work);
    try {
      yield* progress;
    } finally {
      given.abort();
      progress.end();
      await work;
      this.#runs.delete(work);
    }
  }

  async adopt(download: {
    readonly id: FileId;
    readonly name: string;
    readonly path: string;
    readonly manifestBytes: Uint8Array;
  }): Promise<void> {
    const manifest = decodeManifest(download.manifestBytes);
    if (blake3(manifest.bytes).toString('hex') !== download.id) throw new Failure('CORRUPT', `the manifest is not that of ${download.id}`);
    const path = resolve(download.path);
    const fingerprint = await fingerprintAt(path).catch((cause: unknown) => {
      throw toFailure(cause);
    });
    if (fingerprint === undefined) throw new Failure('NOT_FOUND', `there is no file at ${path}`);
    if (fingerprint.size !== BigInt(manifest.fileBytes)) {
      throw new Failure('FILE_CHANGED', `${path} has ${fingerprint.size} bytes; the download had ${manifest.fileBytes}`);
    }
    const present = this.#registry.copyAt(path);
    const others = present === undefined ? [] : this.#registry.drop(present, 'changed');
    const wanted: ShareRoot = {
      origin: 'download',
      path,
      kind: 'file',
      name: assertFileName(download.name),
      exceptions: new Set(),
      expectedFile: download.id,
    };
    const known = this.#index.find(wanted);
    if (known !== undefined) this.#index.remove(known);
    this.#index.add(wanted);
    const claims: readonly Claim[] = [...others.filter(({ root }) => root !== known), { name: wanted.name, root: wanted }];
    this.#registry.add({ path, fingerprint, file: download.id, manifest }, claims);
    await this.#cache.store(path, fingerprint, manifest);
    await this.#index.save();
  }

  /** As the port says; `target` may also be the path of a file or folder that was given, or the name a folder was given. */
  unshare(target: string): Promise<readonly Share[]> {
    return unshare(target, { index: this.#index, registry: this.#registry, folders: this.#upkeep.folders });
  }

  async #share(path: string, name: string | undefined, signal: AbortSignal, progress: ProgressQueue): Promise<void> {
    const { root: wanted, bytes } = await rootFor(path, name, await this.#whatIsPrivate());
    const known = this.#index.find(wanted);
    const root = known ?? wanted;
    if (known === undefined && this.#index.isFull) {
      throw new Failure(
        'LIMIT_EXCEEDED',
        `${this.#index.rootsMax} files and folders were given to share; at most so many can be. Unshare some, or share their folder`,
      );
    }
    root.exceptions.clear();
    this.#index.add(root);
    try {
      if (root.kind === 'folder') await this.#upkeep.folders.watch(root);
      const run = new ShareRun(
        { admission: this.#admission, isPrivate: (realPath) => this.#isPrivate(realPath) },
        { root, bytes, signal },
        progress,
      );
      const outcome = await run.run();
      if (known === undefined && root.kind === 'file' && outcome.shared === 0) this.#index.remove(root);
      await this.#index.save();
      await progress.push({ kind: 'done', ...outcome });
    } catch (cause) {
      if (known === undefined) await this.#takeBack(root);
      throw cause;
    }
  }

  async #takeBack(root: ShareRoot): Promise<void> {
    this.#index.remove(root);
    await this.#upkeep.folders.unwatch(root);
    this.#registry.dropClaims((claim) => claim.root === root);
  }

  /** The share directory is a root like others, remembered for what was unshared in it. */
  #takeShareDir(): void {
    const path = this.#options.shareDir === undefined ? undefined : resolve(this.#options.shareDir);
    for (const root of this.#index.roots) if (root.origin === 'folder' && root.path !== path) this.#index.remove(root);
    if (path === undefined) return;
    const root: ShareRoot = { origin: 'folder', path, kind: 'folder', name: '', exceptions: new Set() };
    if (this.#index.find(root) === undefined) this.#index.add(root);
  }

  async #restore(): Promise<void> {
    for (const root of this.#index.roots) {
      if (this.#stopping.signal.aborted) return;
      if (root.kind === 'file') {
        this.#upkeep.look(root);
        continue;
      }
      await this.#upkeep.folders.watch(root);
      await this.#scan(root);
    }
    await this.#upkeep.whenIdle();
  }

  /** Shares what is in a folder and not shared yet. */
  async #scan(root: ShareRoot): Promise<void> {
    const { logger } = this.#components;
    const sink = {
      tell: (): void => undefined,
      push: async (event: ShareProgress): Promise<void> => {
        if (event.kind === 'failed') logger.warn('file_not_shared', { path: event.path, failure: event.code, message: event.message });
      },
    };
    try {
      const run = new ShareRun(
        { admission: this.#admission, isPrivate: (realPath) => this.#isPrivate(realPath) },
        { root, bytes: 0, signal: this.#stopping.signal },
        sink,
      );
      logger.info('folder_shared', { path: root.path, ...(await run.run()) });
    } catch (error) {
      if (!this.#stopping.signal.aborted) logger.warn('folder_not_shared', { path: root.path, error });
    }
  }

  #onHoldingChange(change: HoldingChange): void {
    if (change.kind !== 'removed') return;
    const content = this.#registry.content(change.holding.file);
    if (content === undefined) return;
    // Someone else let go of the same content; ours is still shared.
    if (change.reason === 'withdrawn') return this.#components.holdings.add(content);
    // A dispute found bytes that do not match though the file looks unchanged, so what is remembered of it is wrong.
    for (const copy of [...content.copies]) {
      const claims = this.#registry.drop(copy, 'changed');
      void this.#cache.forget(copy.path, copy.fingerprint).then(() => this.#upkeep.lookAgain(copy.path, claims));
    }
  }

  #isPrivate(realPath: string): boolean {
    return this.#privatePaths?.has(realPath) ?? true;
  }

  async #whatIsPrivate(): Promise<PrivatePaths> {
    return (this.#privatePaths ??= await PrivatePaths.of(this.#options.dataDir));
  }
}
