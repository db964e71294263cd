import { createCipheriv } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blake3 } from '@napi-rs/blake-hash';
import {
  encodeManifest,
  Failure,
  segmentBytesOf,
  segmentCountOf,
  type CatalogueEntry,
  type FileId,
  type FindAnswer,
  type Manifest,
  type WatchEvent,
} from '@p2p/protocol';
import { createLogger, noTracer, type Logger } from '@p2p/service';
import { filter, firstValueFrom, lastValueFrom, ReplaySubject } from 'rxjs';
import type { Directory, HolderAddress, HolderWatch } from '../directory/directory.js';
import type { Holdings } from '../holdings/holdings.js';
import type { PeerLinks } from '../links/peer-link.js';
import { ARENA_BYTES } from '../limits.js';
import type { Share, Shares } from '../share/shares.js';
import { BufferShares } from './buffer-shares.js';
import { systemClock } from './clock.js';
import { noDownloadMetrics } from './download-metrics.js';
import type { DownloadState, DownloadStatus } from './downloads.js';
import { DownloadsManager, type DownloadsManagerOptions } from './downloads-manager.js';
import { OwnLoad } from './own-load.js';
import { ReceiverLoad } from './receiver-load.js';
import { SegmentArena } from './segment-arena.js';
import { SegmentWorkerClient } from './segment-worker-client.js';

export const silentLogger: Logger = createLogger({ level: 'silent', app: 'spec' });

/** A content with its manifest, as holders have it. */
export interface SpecContent {
  readonly file: FileId;
  readonly manifest: Uint8Array;
  readonly segmentCount: number;
  segment(index: number): Uint8Array;
  readonly bytes: Buffer;
  readonly parsed: Manifest;
}

/** Bytes that do not compress and follow from `seed`. */
export function contentOf(fileBytes: number, seed = 1): SpecContent {
  const bytes: Buffer = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(fileBytes));
  const segmentBytes = segmentBytesOf(fileBytes);
  const segmentCount = segmentCountOf(fileBytes);
  // No Buffer: what a slice of that is, is no copy.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const segment = (index: number): Uint8Array => plain.subarray(index * segmentBytes, (index + 1) * segmentBytes);
  const hashes = Buffer.concat(Array.from({ length: segmentCount }, (_, index) => blake3(segment(index))));
  const parsed = encodeManifest(fileBytes, hashes);
  return { file: blake3(parsed.bytes).toString('hex'), manifest: parsed.bytes, segmentCount, segment, bytes, parsed };
}

/** A holder that a network makes: its knobs are of no interest here. */
export interface SpecHolder {
  readonly address: HolderAddress;
  share(content: SpecContent, have: 'complete' | readonly number[]): void;
}

/** Where holders are and links lead: the one in memory that the simulation uses. */
export interface SpecNetwork<Holder extends SpecHolder, Knobs> {
  addHolder(peer: string, knobs?: Knobs, life?: HolderAddress): Holder;
  links(): PeerLinks;
}

export interface SpecWorld<Holder extends SpecHolder, Knobs> {
  readonly network: SpecNetwork<Holder, Knobs>;
  readonly holdings: Holdings;
}

/** A folder that is gone when the test is. */
export async function makeFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'p2p-download-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A diary in memory that can be away. */
export class MemoryDirectory implements Directory {
  isConnected = true;
  readonly catalogue: CatalogueEntry[] = [];
  readonly asked: string[][] = [];
  readonly #watches = new Map<FileId, ReplaySubject<WatchEvent>>();

  offer(name: string, content: SpecContent): void {
    this.catalogue.push({ id: content.file, name, bytes: content.bytes.length, complete: 1, partial: 0 });
  }

  /** Tells watchers, now and later ones, that `holder` has the file. */
  upsert(file: FileId, holder: SpecHolder, options: { readonly draining?: boolean } = {}): void {
    const told = { ...holder.address, state: 'complete' as const, draining: options.draining ?? false };
    this.#watchOf(file).next({ epoch: 'one', snapshot: false, upserted: [told], left: [], total: 1 });
  }

  depart(file: FileId, holder: SpecHolder): void {
    const { peer, incarnation } = holder.address;
    this.#watchOf(file).next({
      epoch: 'one',
      snapshot: false,
      upserted: [],
      left: [{ peer, incarnation, reason: 'connection_closed' }],
      total: 0,
    });
  }

  list(): Promise<{ entries: CatalogueEntry[]; more: boolean }> {
    return Promise.resolve({ entries: this.catalogue, more: false });
  }

  find(target: { readonly name: string } | { readonly id: FileId }): Promise<FindAnswer> {
    if (!this.isConnected) return Promise.reject(new Failure('DIARY_UNREACHABLE', 'the diary is away'));
    const matches = this.catalogue.filter((entry) => ('id' in target ? entry.id === target.id : entry.name === target.name));
    return Promise.resolve({ matches, total: matches.length });
  }

  watchHolders(file: FileId): HolderWatch {
    return { events: this.#watchOf(file), askForMore: (exclude) => void this.asked.push([...exclude]), close: () => undefined };
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }

  #watchOf(file: FileId): ReplaySubject<WatchEvent> {
    const watch = this.#watches.get(file) ?? new ReplaySubject<WatchEvent>();
    this.#watches.set(file, watch);
    return watch;
  }
}

/** Remembers what was adopted. */
export class MemoryShares implements Shares {
  readonly shares: Share[] = [];
  refuses = false;

  list(): readonly Share[] {
    return this.shares;
  }

  // oxlint-disable-next-line require-yield -- downloads share nothing in this way
  async *share(): AsyncGenerator<never> {
    throw new Failure('INTERNAL', 'not of interest here');
  }

  adopt(download: { readonly id: FileId; readonly name: string; readonly path: string }): Promise<void> {
    if (this.refuses) return Promise.reject(new Failure('LIMIT_EXCEEDED', 'too many files are shared'));
    this.shares.push({ ...download, bytes: 0, origin: 'download' });
    return Promise.resolve();
  }

  unshare(): Promise<readonly Share[]> {
    return Promise.resolve([]);
  }
}

/** A peer's downloading side with a network in memory, and real files and a real worker. */
export class DownloadStage<Holder extends SpecHolder, Knobs> implements AsyncDisposable {
  readonly network: SpecNetwork<Holder, Knobs>;
  readonly directory = new MemoryDirectory();
  readonly holdings: Holdings;
  readonly shares = new MemoryShares();
  readonly links: PeerLinks;
  readonly folder: string;
  readonly #options: Partial<DownloadsManagerOptions>;
  readonly #remove: () => Promise<void>;
  #arena: SegmentArena | undefined;
  #worker: SegmentWorkerClient | undefined;
  #manager: DownloadsManager | undefined;

  private constructor(
    { network, holdings }: SpecWorld<Holder, Knobs>,
    folder: string,
    options: Partial<DownloadsManagerOptions>,
    remove: () => Promise<void>,
  ) {
    this.network = network;
    this.holdings = holdings;
    this.links = network.links();
    this.folder = folder;
    this.#options = options;
    this.#remove = remove;
  }

  static async open<Holder extends SpecHolder, Knobs>(
    world: SpecWorld<Holder, Knobs>,
    options: Partial<DownloadsManagerOptions> = {},
  ): Promise<DownloadStage<Holder, Knobs>> {
    const folder = await makeFolder();
    const stage = new DownloadStage(world, folder.path, options, async () => folder[Symbol.asyncDispose]());
    await stage.start();
    return stage;
  }

  get manager(): DownloadsManager {
    if (this.#manager === undefined) throw new Error('the stage is not started');
    return this.#manager;
  }

  get arena(): SegmentArena {
    if (this.#arena === undefined) throw new Error('the stage is not started');
    return this.#arena;
  }

  /** A new life of the peer. */
  async start(): Promise<void> {
    const arena = new SegmentArena(ARENA_BYTES);
    const worker = new SegmentWorkerClient({ arena, logger: silentLogger });
    this.#arena = arena;
    this.#worker = worker;
    const { directory, links, holdings, shares } = this;
    const components = {
      directory,
      links,
      holdings,
      shares,
      arena,
      worker,
      metrics: noDownloadMetrics,
      clock: systemClock,
      logger: silentLogger,
    };
    const load = new ReceiverLoad({ worker, clock: systemClock });
    this.#manager = new DownloadsManager(
      { ...components, load, own: new OwnLoad(components), bufferShares: new BufferShares(arena), tracer: noTracer, random: Math.random },
      {
        self: 'me',
        dataDir: this.folder,
        downloadsMax: 8,
        sourcesMax: 16,
        holderWaitMs: 60_000,
        recordDir: '',
        codecs: ['identity', 'deflate', 'zstd'],
        ...this.#options,
      },
    );
    await this.#manager.resumeJobs();
  }

  async stop(): Promise<void> {
    await this.#manager?.stop();
    await this.#worker?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#remove();
  }

  /** A holder of the whole content that the diary knows of. */
  holder(
    peer: string,
    content: SpecContent,
    options: { readonly name?: string; readonly knobs?: Knobs; readonly have?: readonly number[] } = {},
  ): Holder {
    const holder = this.network.addHolder(peer, options.knobs);
    holder.share(content, options.have ?? 'complete');
    if (!this.directory.catalogue.some((entry) => entry.id === content.file)) this.directory.offer(options.name ?? 'file', content);
    this.directory.upsert(content.file, holder);
    return holder;
  }

  /** Where a download under `name` ends up. */
  pathOf(name: string): string {
    return join(this.folder, 'downloads', ...name.split('/'));
  }

  partPath(content: SpecContent, kind: 'part' | 'map' | 'job' | 'manifest'): string {
    return join(this.folder, 'downloads', '.partial', `${content.file}.${kind}`);
  }

  /** The first status in one of these states. */
  when(content: SpecContent, ...states: DownloadState[]): Promise<DownloadStatus> {
    return firstValueFrom(this.manager.watch(content.file).pipe(filter((status) => states.includes(status.state))));
  }

  /** The first status that a condition holds for. */
  until(content: SpecContent, isSo: (status: DownloadStatus) => boolean): Promise<DownloadStatus> {
    return firstValueFrom(this.manager.watch(content.file).pipe(filter(isSo)));
  }

  ended(content: SpecContent): Promise<DownloadStatus> {
    return lastValueFrom(this.manager.watch(content.file));
  }
}
