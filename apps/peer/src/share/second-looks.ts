import { Failure } from '@p2p/protocol';
import type { Logger } from '@p2p/service';
import { WATCH_EVENTS_PENDING_MAX } from '../limits.js';
import type { Admission } from './admission.js';
import type { Claim } from './share-registry.js';
import type { ShareRoot } from './share-root.js';

export interface SecondLooksComponents {
  readonly admission: Admission;
  readonly logger: Logger;
  /** A path with such a claim is not what was shared and will not be: forget the root if it was all about that path. */
  onLost(path: string, root: ShareRoot): void;
  /** Too many paths wait: walk the folder instead. */
  onOverflow(root: ShareRoot): void;
}

/** Paths that something happened to, looked at one after the other, each once however much happened to it. */
export class SecondLooks {
  readonly #components: SecondLooksComponents;
  readonly #signal: AbortSignal;
  readonly #waiting = new Map<string, Claim[]>();
  /** Paths that were being written to when they were looked at; again with the next `retry`. */
  readonly #unquiet = new Map<string, Claim[]>();
  #running: Promise<void> | undefined;

  constructor(components: SecondLooksComponents, signal: AbortSignal) {
    this.#components = components;
    this.#signal = signal;
  }

  /** Resolves when nothing waits. */
  async whenIdle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  ask(path: string, claims: readonly Claim[]): void {
    if (this.#signal.aborted) return;
    const known = this.#waiting.get(path) ?? [];
    if (known.length === 0 && this.#waiting.size >= WATCH_EVENTS_PENDING_MAX) {
      for (const { root } of claims) this.#components.onOverflow(root);
      return;
    }
    this.#waiting.set(path, [...known, ...claims]);
    // At the next turn, so that whoever tells of several claims of one path tells of all of them first.
    this.#running ??= Promise.resolve().then(() => this.#run());
  }

  retry(): void {
    const unquiet = [...this.#unquiet];
    this.#unquiet.clear();
    for (const [path, claims] of unquiet) this.ask(path, claims);
  }

  async #run(): Promise<void> {
    for (const [path, claims] of this.#waiting) {
      this.#waiting.delete(path);
      await this.#look(path, claims);
    }
    this.#running = undefined;
  }

  async #look(path: string, claims: readonly Claim[]): Promise<void> {
    const { admission, logger } = this.#components;
    try {
      const { copy } = await admission.admit(path, claims, { signal: this.#signal });
      logger.debug('file_shared', { path, file: copy.content.file });
    } catch (error) {
      if (!(error instanceof Failure)) return logger.error('file_not_shared', { path, error });
      if (error.code === 'CANCELLED') return;
      if (error.code === 'NOT_FOUND') for (const { root } of claims) this.#components.onLost(path, root);
      else if (error.code === 'FILE_CHANGED' && this.#unquiet.size < WATCH_EVENTS_PENDING_MAX) this.#unquiet.set(path, [...claims]);
      else logger.warn('file_not_shared', { path, error });
    }
  }
}
