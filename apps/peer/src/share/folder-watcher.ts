import { relative, sep } from 'node:path';
import { watch, type FSWatcher } from 'chokidar';
import { isGone } from './fingerprint.js';

export interface FolderWatcherOptions {
  readonly path: string;
  /** A file's size must stay for this long before it is told of, in ms, looked at every `pollMs`. */
  readonly stableMs: number;
  readonly pollMs: number;
  /** Something happened to a file: it appeared, changed or went. */
  onFile(path: string): void;
  /** The system has no watches left: nothing is told of from now on, the folder must be walked instead. Called once. */
  onBlind(error: unknown): void;
  /** A part of the folder cannot be watched, for instance because it cannot be read. */
  onError(error: unknown): void;
}

/** Tells of files that appear, change or go below a folder, hidden ones left out. */
export class FolderWatcher {
  readonly #watcher: FSWatcher;
  /** Resolves when changes are told of from now on, or it is clear that they cannot be. */
  readonly ready: Promise<void>;
  #isBlind = false;

  constructor(options: FolderWatcherOptions) {
    const ready = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.#watcher = watch(options.path, {
      // What is there already is found by walking, after `ready`, so that nothing falls between.
      ignoreInitial: true,
      followSymlinks: true,
      awaitWriteFinish: { stabilityThreshold: options.stableMs, pollInterval: options.pollMs },
      ignored: (path) => isHiddenBelow(options.path, path),
    });
    this.#watcher.on('ready', () => ready.resolve());
    this.#watcher.on('all', (event, path) => {
      if (event === 'add' || event === 'change' || event === 'unlink') options.onFile(path);
    });
    this.#watcher.on('error', (error) => {
      // What went between being listed and being watched has an event of its own.
      if (isGone(error) || this.#isBlind) return;
      if (!isOutOfWatches(error)) return options.onError(error);
      this.#isBlind = true;
      ready.resolve();
      options.onBlind(error);
    });
  }

  close(): Promise<void> {
    return this.#watcher.close();
  }
}

function isHiddenBelow(folder: string, path: string): boolean {
  return relative(folder, path)
    .split(sep)
    .some((component) => component.startsWith('.') && component !== '..');
}

function isOutOfWatches(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EMFILE' || code === 'ENFILE' || code === 'ENOSPC';
}
