import type { Codec, Manifest, PeerId } from '@p2p/protocol';
import { Failure, manifestBytesOf } from '@p2p/protocol';
import { toFailure, type Logger } from '@p2p/service';
import type { TransferReport } from '@p2p/transfer';
import type { Directory } from '../directory/directory.js';
import type { Holdings } from '../holdings/holdings.js';
import { HOLDER_WAIT_MS_MIN, SAY_WAITING_MS } from '../limits.js';
import type { PeerLinks } from '../links/peer-link.js';
import type { Shares } from '../share/shares.js';
import type { BufferShares } from './buffer-shares.js';
import type { Clock } from './clock.js';
import type { DownloadMetrics } from './download-metrics.js';
import type { DownloadState } from './downloads.js';
import { hasContent } from './file-comparison.js';
import type { Job } from './job.js';
import type { JobStore } from './job-store.js';
import { copyFromOwn } from './local-copy.js';
import { checkedManifest, emptyFileManifest, ManifestFetcher } from './manifest-fetcher.js';
import { assertOutputFree, lstatIfThere } from './output-path.js';
import { placeOutput } from './output-placement.js';
import { PartFile } from './part-file.js';
import { PartialHolding } from './partial-holding.js';
import type { SegmentArena } from './segment-arena.js';
import type { SegmentWorkerClient } from './segment-worker-client.js';
import { SourcePool } from './source-pool.js';
import { TransferSession } from './transfer-session.js';

export interface DownloadRunnerComponents {
  readonly directory: Directory;
  readonly links: PeerLinks;
  readonly holdings: Holdings;
  readonly shares: Shares;
  readonly store: JobStore;
  readonly arena: SegmentArena;
  readonly bufferShares: BufferShares;
  readonly worker: SegmentWorkerClient;
  readonly load: { readonly isBound: boolean };
  readonly metrics: DownloadMetrics;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

export interface DownloadRunnerOptions {
  readonly self: PeerId;
  readonly sourcesMax: number;
  readonly holderWaitMs: number;
  readonly codecs: readonly Codec[];
  readonly downloadsFolder: string;
  /** The state has changed. */
  readonly onChange: () => void;
}

/** One run of a download, from its job to the file in its place. */
export class DownloadRunner {
  readonly job: Job;
  readonly #components: DownloadRunnerComponents;
  readonly #options: DownloadRunnerOptions;
  readonly #logger: Logger;
  readonly #abort = new AbortController();
  readonly #startedAt: number;
  #state: DownloadState = 'preparing';
  #pool: SourcePool | undefined;
  #fetcher: ManifestFetcher | undefined;
  #part: PartFile | undefined;
  #partial: PartialHolding | undefined;
  #session: TransferSession | undefined;
  #checkedBytes = 0;
  #endedAt: number | undefined;

  constructor(components: DownloadRunnerComponents, job: Job, options: DownloadRunnerOptions) {
    this.#components = components;
    this.job = job;
    this.#options = options;
    this.#logger = components.logger.child({ download: job.id.slice(0, 16), name: job.name });
    this.#startedAt = components.clock.now();
  }

  get state(): DownloadState {
    return this.#state === 'transferring' && this.#session?.isWaiting === true ? 'waiting' : this.#state;
  }

  get verifiedBytes(): number {
    if (this.#session !== undefined) return this.#session.report.verifiedBytes;
    return this.#state === 'verifying' ? this.#checkedBytes : this.#state === 'finishing' ? this.job.bytes : 0;
  }

  /** How far it is, counting what is under way: for rates. */
  get position(): number {
    return this.verifiedBytes + (this.#session?.inFlightBytes ?? 0);
  }

  get transferMs(): number {
    return this.#session?.transferMs ?? 0;
  }

  get totalMs(): number {
    return (this.#endedAt ?? this.#components.clock.now()) - this.#startedAt;
  }

  /** Since the last verified segment, or since the transfer began. */
  get sinceProgressMs(): number | undefined {
    if (this.#session === undefined || this.#state !== 'transferring') return undefined;
    return this.#session.lastVerifiedAt === undefined ? this.transferMs : this.#components.clock.now() - this.#session.lastVerifiedAt;
  }

  get report(): TransferReport | undefined {
    return this.#session?.report;
  }

  get sourceCount(): number {
    return this.#pool?.connectedCount ?? 0;
  }

  /** Makes `run` end with `failure`, keeping what is there. */
  stop(failure: Failure): void {
    this.#abort.abort(failure);
    this.#session?.end(failure);
  }

  /** Resolves when the file is in its place. Throws why it is not; what is verified stays for the next run. */
  async run(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      throw this.#abort.signal.aborted ? toFailure(this.#abort.signal.reason) : toFailure(error);
    } finally {
      this.#session?.end(new Failure('CANCELLED', 'the download has ended'));
      this.#fetcher?.close();
      this.#pool?.close();
      this.#partial?.close();
      await this.#part?.close();
      this.#endedAt = this.#components.clock.now();
    }
  }

  async #run(): Promise<void> {
    const { store } = this.#components;
    const manifest = await this.#findManifest();
    if (await this.#isThereAlready(manifest)) {
      this.#logger.info('download.already_there', { output: this.job.output });
    } else {
      const part = await PartFile.open(store.pathsOf(this.job.id), { manifest, worker: this.#components.worker });
      this.#part = part;
      await this.#verify(part);
      this.#partial = new PartialHolding({ ...this.#components, logger: this.#logger }, { file: this.job.id, name: this.job.name, part });
      this.#partial.open();
      await copyFromOwn({ ...this.#components, logger: this.#logger }, { file: this.job.id, part, signal: this.#abort.signal });
      await this.#transfer(part, this.#partial);
      this.#abort.signal.throwIfAborted();
      await this.#finish(part);
    }
    await this.#adopt(manifest);
    // Not before the file is found at its place by whoever looks for the job.
    await store.discard(this.job.id);
  }

  async #findManifest(): Promise<Manifest> {
    const { id, bytes } = this.job;
    if (bytes === 0) return emptyFileManifest(id);
    const saved = await this.#components.store.loadManifest(id, manifestBytesOf(bytes));
    if (saved !== undefined) {
      try {
        return checkedManifest(id, saved);
      } catch (error) {
        this.#logger.warn('download.saved_manifest_unusable', { reason: toFailure(error).message });
      }
    }
    const manifest = this.#components.holdings.get(id)?.manifest ?? (await this.#fetchManifest());
    await this.#components.store.saveManifest(id, manifest.bytes);
    return manifest;
  }

  async #fetchManifest(): Promise<Manifest> {
    const { clock } = this.#components;
    const { promise, resolve, reject } = Promise.withResolvers<Manifest>();
    const waitMs = this.#holderWaitMs;
    const giveUpAt = clock.now() + waitMs;
    const fetcher = new ManifestFetcher(
      { clock, logger: this.#logger },
      {
        file: this.job.id,
        fileBytes: this.job.bytes,
        onManifest: resolve,
        onRejected: (holder, failure) => {
          this.#logger.warn('download.manifest_rejected', { source: holder, reason: failure.message });
          this.#components.metrics.rejected('malformed');
          this.#pool?.quarantine(holder);
        },
      },
    );
    this.#fetcher = fetcher;
    const watchWait = (): void => {
      const isAlone = this.sourceCount === 0 && fetcher.askedCount === 0;
      if (isAlone && clock.now() >= giveUpAt) {
        reject(new Failure('NO_HOLDERS', `no holder of this file could be reached within ${Math.round(waitMs / 1000)} s; start it again when one is back`));
      } else if (fetcher.askedCount === 0 && clock.now() >= giveUpAt) {
        reject(new Failure('NO_HOLDERS', `${this.sourceCount} holders are connected and none of them has the manifest; start it again when another holder is there`));
      }
      this.#setState(isAlone ? 'waiting' : 'preparing');
      cancelWait = clock.wait(SAY_WAITING_MS, watchWait);
    };
    let cancelWait = clock.wait(Math.min(SAY_WAITING_MS, waitMs), watchWait);
    const onAbort = (): void => reject(toFailure(this.#abort.signal.reason));
    this.#abort.signal.addEventListener('abort', onAbort);
    try {
      this.#abort.signal.throwIfAborted();
      this.#openPool();
      return await promise;
    } finally {
      this.#abort.signal.removeEventListener('abort', onAbort);
      cancelWait();
      fetcher.close();
    }
  }

  async #verify(part: PartFile): Promise<void> {
    if (part.manifest.segmentCount === 0) return;
    this.#setState('verifying');
    const { clock } = this.#components;
    const beganAt = clock.now();
    await part.verify((bytes) => (this.#checkedBytes = bytes), this.#abort.signal);
    this.#abort.signal.throwIfAborted();
    if (part.verified.count > 0) {
      const verifyMs = Math.round(clock.now() - beganAt);
      this.#logger.info('download.resumed', { verifiedSegments: part.verified.count, segments: part.verified.size, verifyMs });
    }
  }

  async #transfer(part: PartFile, partial: PartialHolding): Promise<void> {
    this.#setState('transferring');
    if (part.verified.isFull) return;
    this.#abort.signal.throwIfAborted();
    const pool = this.#openPool();
    this.#session = new TransferSession(
      { ...this.#components, logger: this.#logger, pool, part },
      {
        file: this.job.id,
        seed: Math.floor(this.#components.random() * 2 ** 32),
        holderWaitMs: this.#holderWaitMs,
        codecs: this.#options.codecs,
        onVerified: (segment) => partial.gain(segment),
      },
    );
    pool.watchAvailability(part.manifest.segmentCount);
    this.#session.take({ kind: 'tick' });
    await this.#session.outcome;
    pool.close();
  }

  #openPool(): SourcePool {
    if (this.#pool !== undefined) return this.#pool;
    const pool = new SourcePool(
      { ...this.#components, logger: this.#logger },
      {
        file: this.job.id,
        self: this.#options.self,
        sourcesMax: this.#options.sourcesMax,
        onConnected: (link) => this.#fetcher?.add(link),
        onEvent: (event) => this.#session?.take(event),
        onLosing: (source) => this.#session?.dropRequestsTo(source),
        onMalformed: () => this.#components.metrics.rejected('malformed'),
      },
    );
    this.#pool = pool;
    pool.open();
    return pool;
  }

  /** Whether the very file is at the output. Throws `ALREADY_EXISTS` when another is. */
  async #isThereAlready(manifest: Manifest): Promise<boolean> {
    const { output, overwrite, outputChosen } = this.job;
    await assertOutputFree({ path: output, chosen: outputChosen }, { fileBytes: manifest.fileBytes, overwrite });
    const there = await lstatIfThere(output);
    if (there?.isFile() !== true || there.size !== manifest.fileBytes) return false;
    this.#setState('verifying');
    const isSame = await hasContent(output, {
      manifest,
      worker: this.#components.worker,
      signal: this.#abort.signal,
      onProgress: (bytes) => (this.#checkedBytes = bytes),
    });
    this.#abort.signal.throwIfAborted();
    this.#checkedBytes = 0;
    if (!isSame && !overwrite) throw this.#alreadyExists();
    return isSame;
  }

  async #finish(part: PartFile): Promise<void> {
    this.#setState('finishing');
    const { output, outputChosen, overwrite, id } = this.job;
    await part.sync();
    const isPlaced = await placeOutput({
      file: id,
      part: this.#components.store.pathsOf(id).part,
      output: { path: output, chosen: outputChosen },
      downloadsFolder: this.#options.downloadsFolder,
      overwrite,
    });
    if (isPlaced) return;
    // Something has appeared there since. It may be the same content.
    const { manifest } = part;
    if (!(await hasContent(output, { manifest, worker: this.#components.worker, signal: this.#abort.signal }).catch(() => false))) {
      throw this.#alreadyExists();
    }
  }

  /** Shares the finished file. It is there whether or not that works. */
  async #adopt(manifest: Manifest): Promise<void> {
    const { id, name, output } = this.job;
    if (this.#components.shares.list().some((share) => share.id === id && share.path === output)) return;
    try {
      await this.#components.shares.adopt({ id, name, path: output, manifestBytes: manifest.bytes });
    } catch (error) {
      const failure = toFailure(error);
      this.#logger.warn('download.not_shared', { output, code: failure.code, reason: failure.message });
    }
  }

  #alreadyExists(): Failure {
    return new Failure('ALREADY_EXISTS', `another file of ${this.job.bytes} bytes is at "${this.job.output}"; choose another output, or overwrite it. What was downloaded is kept`);
  }

  get #holderWaitMs(): number {
    return Math.max(HOLDER_WAIT_MS_MIN, this.#options.holderWaitMs);
  }

  #setState(state: DownloadState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onChange();
  }
}

