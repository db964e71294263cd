import { Failure, type Bitmap, type FileId, type Manifest } from '@p2p/protocol';
import { Subject, type Observable } from 'rxjs';
import { HOLDINGS_MAX } from '../limits.js';
import type { Holding } from './holding.js';
import type { HoldingChange, Holdings } from './holdings.js';

/**
 * The holdings of one process, in memory: what they hold is on disk, and whoever adds one finds it again after a
 * restart.
 */
export class MemoryHoldings implements Holdings {
  readonly #byFile = new Map<FileId, Holding>();
  readonly #changes = new Subject<HoldingChange>();
  readonly #holdingsMax: number;

  constructor(options: { readonly holdingsMax?: number } = {}) {
    this.#holdingsMax = options.holdingsMax ?? HOLDINGS_MAX;
  }

  get changes(): Observable<HoldingChange> {
    return this.#changes;
  }

  get(file: FileId): Holding | undefined {
    return this.#byFile.get(file);
  }

  list(): readonly Holding[] {
    return [...this.#byFile.values()];
  }

  /** Throws `LIMIT_EXCEEDED` when the bound on holdings is reached. */
  add(holding: Holding): void {
    const present = this.#byFile.get(holding.file);
    if (present === undefined) {
      if (this.#byFile.size >= this.#holdingsMax) {
        throw new Failure('LIMIT_EXCEEDED', `${this.#byFile.size} contents are held; at most ${this.#holdingsMax} can be. Unshare some`);
      }
      this.#byFile.set(holding.file, holding);
      this.#changes.next({ kind: 'added', holding });
      return;
    }
    if (present === holding) return this.updated(holding.file);
    const replaces = holding.verified.isFull && !present.verified.isFull;
    const [kept, other] = replaces ? [holding, present] : [present, holding];
    const extra = other.names.filter((name) => !kept.names.includes(name));
    // The object that was added stays the one that is found, so that its owner knows it again, unless it lacks a name.
    this.#byFile.set(holding.file, extra.length === 0 ? kept : new RenamedHolding(kept, extra));
    this.updated(holding.file);
  }

  gained(file: FileId, segments: readonly number[]): void {
    const holding = this.#byFile.get(file);
    if (holding !== undefined && segments.length > 0) this.#changes.next({ kind: 'gained', holding, segments });
  }

  updated(file: FileId): void {
    const holding = this.#byFile.get(file);
    if (holding !== undefined) this.#changes.next({ kind: 'updated', holding });
  }

  remove(file: FileId, reason: 'withdrawn' | 'changed'): void {
    const holding = this.#byFile.get(file);
    if (holding === undefined) return;
    this.#byFile.delete(file);
    this.#changes.next({ kind: 'removed', holding, reason });
  }
}

/** A holding under more names than its own. */
class RenamedHolding implements Holding {
  readonly #inner: Holding;
  readonly #extra: readonly string[];

  constructor(inner: Holding, extra: readonly string[]) {
    this.#inner = inner;
    this.#extra = extra;
  }

  get file(): FileId {
    return this.#inner.file;
  }

  get manifest(): Manifest {
    return this.#inner.manifest;
  }

  get names(): readonly string[] {
    return [...new Set([...this.#inner.names, ...this.#extra])];
  }

  get verified(): Bitmap {
    return this.#inner.verified;
  }

  read(index: number, target: Uint8Array): Promise<number> {
    return this.#inner.read(index, target);
  }
}
