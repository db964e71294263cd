import { Failure, type FileId } from '@p2p/protocol';
import { DOWNLOADS_ENDED_MAX } from '../limits.js';
import type { DownloadEntry } from './download-entry.js';

/** The downloads of this peer by content: one entry each, of which the last attempt counts. */
export class DownloadEntries {
  readonly #byId = new Map<FileId, DownloadEntry>();

  /** Those under way first, each group in the order they were begun. */
  all(): DownloadEntry[] {
    const entries = [...this.#byId.values()];
    return [...entries.filter((entry) => !entry.isEnded), ...entries.filter((entry) => entry.isEnded)];
  }

  /** Queued and running ones. */
  active(): DownloadEntry[] {
    return this.all().filter((entry) => !entry.isEnded);
  }

  get(id: FileId): DownloadEntry | undefined {
    return this.#byId.get(id);
  }

  /** Only while it is queued or runs. */
  activeOf(id: FileId): DownloadEntry | undefined {
    const entry = this.#byId.get(id);
    return entry?.isEnded === false ? entry : undefined;
  }

  /** Takes the place of an earlier attempt. The oldest of too many ended ones are forgotten. */
  add(entry: DownloadEntry): void {
    this.#byId.delete(entry.job.id);
    this.#byId.set(entry.job.id, entry);
    const ended = this.all().filter((other) => other.isEnded);
    for (const oldest of ended.slice(0, Math.max(0, ended.length - DOWNLOADS_ENDED_MAX))) this.remove(oldest);
  }

  /** Unless another attempt has taken its place. */
  remove(entry: DownloadEntry): void {
    if (this.#byId.get(entry.job.id) === entry) this.#byId.delete(entry.job.id);
  }

  /** By id, then by name, where those under way go first. Throws `NOT_FOUND`, `AMBIGUOUS_NAME`. */
  find(target: string): DownloadEntry {
    const byId = this.#byId.get(target.toLowerCase());
    if (byId !== undefined) return byId;
    const named = this.all().filter((entry) => entry.job.name === target);
    const active = named.filter((entry) => !entry.isEnded);
    const [found, ...others] = active.length > 0 ? active : named;
    const shown = target.slice(0, 200);
    if (found === undefined) throw new Failure('NOT_FOUND', `this peer has no download of "${shown}"`);
    if (others.length === 0) return found;
    const ids = [found, ...others].map((entry) => entry.job.id).join(', ');
    throw new Failure('AMBIGUOUS_NAME', `${others.length + 1} downloads are named "${shown}"; name one by its id: ${ids}`);
  }
}
