import { Failure, type CatalogueEntry, type FileId } from '@p2p/protocol';
import { EMPTY, Observable, ReplaySubject } from 'rxjs';
import type { CataloguePage, Directory } from '../directory/directory.js';
import type { Downloads, DownloadStatus, StartOptions } from '../download/downloads.js';
import type { FlightLine } from '../download/flight/flight-line.js';
import type { Share, ShareProgress, Shares } from '../share/shares.js';
import type { PeerStatus } from './api.js';
import type { PeerStatusSource } from './peer-status.js';

/** A file id that begins with `digits`. */
export function idOf(digits: string): FileId {
  return digits.padEnd(64, '0');
}

export function downloadStatus(changes: Partial<DownloadStatus> = {}): DownloadStatus {
  return {
    id: idOf('d0'),
    name: 'movie.mkv',
    state: 'transferring',
    bytes: 1000,
    output: '/data/downloads/movie.mkv',
    verifiedBytes: 0,
    bytesPerSecond: 0,
    transferMs: 0,
    totalMs: 0,
    startedAt: '2026-01-02T03:04:05.000Z',
    ...changes,
  };
}

export function downloadReport(changes: Partial<NonNullable<DownloadStatus['report']>> = {}): NonNullable<DownloadStatus['report']> {
  return {
    segmentCount: 10,
    segmentsVerified: 10,
    segmentsResumed: 0,
    fileBytes: 1000,
    verifiedBytes: 1000,
    resumedBytes: 0,
    redistributed: { source_left: 0, source_silent: 0, source_slow: 0, corrupt: 0, refused: 0 },
    hedged: 0,
    wastedBytes: 0,
    wireBytes: 1000,
    rejected: 0,
    waitingSince: undefined,
    sources: [],
    ...changes,
  };
}

/** Shares in memory; what sharing a path tells is laid down in `scripts`, by path. */
export class MemoryShares implements Shares {
  readonly shared = new Map<FileId, Share>();
  readonly scripts = new Map<string, (signal: AbortSignal) => AsyncIterable<ShareProgress>>();

  list(): readonly Share[] {
    return [...this.shared.values()];
  }

  async *share(sharedPath: string, options: { readonly name?: string; readonly signal: AbortSignal }): AsyncIterable<ShareProgress> {
    const script = this.scripts.get(sharedPath);
    if (script === undefined) throw new Failure('NOT_FOUND', `there is no ${sharedPath}`);
    for await (const event of script(options.signal)) {
      if (event.kind !== 'shared') yield event;
      else {
        const share = { ...event.share, name: options.name ?? event.share.name };
        this.shared.set(share.id, share);
        yield { ...event, share };
      }
    }
  }

  adopt(): Promise<void> {
    return Promise.resolve();
  }

  unshare(target: string): Promise<readonly Share[]> {
    const found = this.list().filter((each) => each.id === target || each.name === target);
    if (found.length === 0) return Promise.reject(new Failure('NOT_FOUND', `nothing is shared as ${target}`));
    for (const each of found) this.shared.delete(each.id);
    return Promise.resolve(found);
  }
}

/** Downloads in memory, which move when a test says so. */
export class MemoryDownloads implements Downloads {
  readonly running = new Map<FileId, MemoryDownload>();
  /** What `start` answers, by target: a status, or the failure that is thrown. */
  readonly known = new Map<string, DownloadStatus | Failure>();
  readonly started: { readonly target: string; readonly output?: string; readonly overwrite?: boolean; readonly trace?: boolean }[] = [];
  readonly cancelled: { readonly target: string; readonly discard: boolean }[] = [];
  readonly traces = new Map<FileId, readonly FlightLine[]>();
  watchers = 0;
  onUnwatched: () => void = () => undefined;

  list(): readonly DownloadStatus[] {
    return [...this.running.values()].map((each) => each.status);
  }

  start(target: string, options: StartOptions): Promise<DownloadStatus> {
    this.started.push({ target, ...options });
    const known = this.known.get(target);
    if (known === undefined) return Promise.reject(new Failure('NOT_FOUND', `nobody shares ${target}`));
    if (known instanceof Error) return Promise.reject(known);
    const status = { ...known, ...(options.output === undefined ? {} : { output: options.output }) };
    if (!this.running.has(status.id)) this.running.set(status.id, { status, moves: new ReplaySubject(1) });
    return Promise.resolve(this.move(status.id, {}));
  }

  watch(id: FileId): Observable<DownloadStatus> {
    const { moves } = this.#download(id);
    return new Observable((subscriber) => {
      this.watchers += 1;
      const subscription = moves.subscribe(subscriber);
      return () => {
        this.watchers -= 1;
        subscription.unsubscribe();
        this.onUnwatched();
      };
    });
  }

  trace(id: FileId): Iterable<FlightLine> {
    const lines = this.traces.get(id);
    if (lines === undefined) throw new Failure('NOT_FOUND', `no record of ${id}`);
    return lines;
  }

  cancel(target: string, options: { readonly discard: boolean }): Promise<DownloadStatus> {
    this.cancelled.push({ target, ...options });
    const found = this.list().find((each) => each.id === target || each.name === target);
    if (found === undefined) return Promise.reject(new Failure('NOT_FOUND', `there is no download of ${target}`));
    return Promise.resolve(this.move(found.id, { state: 'cancelled' }));
  }

  /** Changes a download; an end completes its streams. */
  move(id: FileId, changes: Partial<DownloadStatus>): DownloadStatus {
    const download = this.#download(id);
    download.status = { ...download.status, ...changes };
    download.moves.next(download.status);
    if (['done', 'failed', 'cancelled'].includes(download.status.state)) download.moves.complete();
    return download.status;
  }

  #download(id: FileId): MemoryDownload {
    const download = this.running.get(id);
    if (download === undefined) throw new Failure('NOT_FOUND', `there is no download ${id}`);
    return download;
  }
}

interface MemoryDownload {
  status: DownloadStatus;
  /** Tells the last status to whoever comes late. */
  readonly moves: ReplaySubject<DownloadStatus>;
}

/** A catalogue in memory. */
export class MemoryDirectory implements Directory {
  isConnected = true;
  entries: readonly CatalogueEntry[] = [];
  readonly asked: Parameters<Directory['list']>[0][] = [];

  list(options: Parameters<Directory['list']>[0]): Promise<CataloguePage> {
    this.asked.push(options);
    if (!this.isConnected) return Promise.reject(new Failure('DIARY_UNREACHABLE', 'the diary is away'));
    const { after, limit } = options;
    const begin = after === undefined ? 0 : this.entries.findIndex((each) => each.name === after.name && each.id === after.id) + 1;
    return Promise.resolve({ entries: this.entries.slice(begin, begin + limit), more: this.entries.length > begin + limit });
  }

  find(): ReturnType<Directory['find']> {
    return Promise.resolve({ matches: [], total: 0 });
  }

  watchHolders(): ReturnType<Directory['watchHolders']> {
    return { events: EMPTY, askForMore: () => undefined, close: () => undefined };
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }
}

export class MemoryPeerStatus implements PeerStatusSource {
  readonly #downloads: Downloads;
  left = 0;
  problem: Error | undefined;
  onLeave: () => void = () => undefined;

  constructor(downloads: Downloads) {
    this.#downloads = downloads;
  }

  status(): Promise<PeerStatus> {
    if (this.problem !== undefined) return Promise.reject(this.problem);
    return Promise.resolve({
      peer: 'alpha',
      version: '0.1.0',
      protocolVersion: 1,
      startedAt: new Date(Date.now() - 3_723_000).toISOString(),
      diary: { address: '127.0.0.1:4100', connected: true },
      advertised: '127.0.0.1:4000',
      draining: false,
      dataDir: '/data',
      freeBytes: 85_899_345_920,
      shares: 2,
      sharedBytes: 3_221_225_472,
      uploads: { active: 1, fileBytes: 2048, wireBytes: 1024 },
      downloads: this.#downloads.list(),
    });
  }

  leave(): void {
    this.left += 1;
    this.onLeave();
  }
}
