import type { Manifest } from '@p2p/protocol';
import { Failure, manifestBytesOf } from '@p2p/protocol';
import { toFailure, type Logger } from '@p2p/service';
import type { TransferReport } from '@p2p/transfer';
import { HOLDER_WAIT_MS_MIN } from '../limits.js';
import type { DownloadRunnerComponents, DownloadRunnerOptions } from './download-runner-parts.js';
import type { DownloadState } from './downloads.js';
import type { FlightRecord } from './flight/flight-record.js';
import type { Job } from './job.js';
import { JobOutput } from './job-output.js';
import { copyFromOwn } from './local-copy.js';
import { checkedManifest, emptyFileManifest, isEmptyFile } from './manifest-fetcher.js';
import { ManifestSearch } from './manifest-search.js';
import { PartFile } from './part-file.js';
import { PartialHolding } from './partial-holding.js';
import { SourcePool } from './source-pool.js';
import { SpeedWatch } from './speed-watch.js';
import { DownloadTrace } from './trace/download-trace.js';
import { TransferSession } from './transfer-session.js';

/** One run of a download, from its job to the file in its place. */
export class DownloadRunner {
  #job: Job;
  readonly #components: DownloadRunnerComponents;
  readonly #options: DownloadRunnerOptions;
  readonly #logger: Logger;
  readonly #trace: DownloadTrace | undefined;
  readonly #abort = new AbortController();
  readonly #startedAt: number;
  #state: DownloadState = 'preparing';
  #pool: SourcePool | undefined;
  #search: ManifestSearch | undefined;
  #part: PartFile | undefined;
  #partial: PartialHolding | undefined;
  #session: TransferSession | undefined;
  #checkedBytes = 0;
  #endedAt: number | undefined;

  constructor(components: DownloadRunnerComponents, job: Job, options: DownloadRunnerOptions) {
    this.#components = components;
    this.#job = job;
    this.#options = options;
    this.#trace = DownloadTrace.begin(components, job, options.lookup);
    this.#logger = components.logger.child({ download: job.id.slice(0, 16), name: job.name, ...this.traceFields });
    this.#startedAt = components.clock.now();
  }

  get job(): Job {
    return this.#job;
  }

  /** For lines of the log that tell of it. */
  get traceFields(): { readonly traceId?: string } {
    return this.#trace === undefined ? {} : { traceId: this.#trace.traceId };
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
    let failure: Failure | undefined;
    try {
      await this.#run();
    } catch (error) {
      failure = this.#abort.signal.aborted ? toFailure(this.#abort.signal.reason) : toFailure(error);
      throw failure;
    } finally {
      this.#session?.end(new Failure('CANCELLED', 'the download has ended'));
      this.#pool?.close();
      this.#partial?.close();
      await this.#part?.close();
      this.#endedAt = this.#components.clock.now();
      this.#trace?.end(this.report, failure);
    }
  }

  async #run(): Promise<void> {
    const { store } = this.#components;
    const { job } = this;
    this.#logger.info('download.started', { download: job.id, bytes: job.bytes, output: job.output });
    const finding = this.#trace?.part('manifest');
    const manifest = await this.#findManifest().finally(() => finding?.end());
    if (manifest.fileBytes !== this.job.bytes) await this.#correctSize(manifest.fileBytes);
    const { signal } = this.#abort;
    const { downloadsFolder } = this.#options;
    const output = new JobOutput({ ...this.#components, logger: this.#logger }, this.job, { downloadsFolder, signal });
    if (await this.#isThere(output, manifest)) {
      this.#logger.info('download.already_there', { output: this.job.output });
    } else {
      const part = await PartFile.open(store.pathsOf(this.job.id), { manifest, worker: this.#components.worker });
      this.#part = part;
      await this.#verify(part);
      this.#partial = new PartialHolding({ ...this.#components, logger: this.#logger }, { file: this.job.id, name: this.job.name, part });
      this.#partial.open();
      await copyFromOwn({ ...this.#components, logger: this.#logger }, { file: this.job.id, part, signal });
      await this.#transfer(part, this.#partial);
      signal.throwIfAborted();
      this.#setState('finishing');
      await output.place(part, store.pathsOf(this.job.id).part);
    }
    await output.adopt(manifest);
    // Not before the file is in its place: a crash in between finds the job, and by its hash the file.
    await store.discard(this.job.id);
  }

  async #isThere(output: JobOutput, manifest: Manifest): Promise<boolean> {
    const isThere = await output.isThere(manifest, (checkedBytes) => {
      this.#checkedBytes = checkedBytes;
      this.#setState('verifying');
    });
    this.#checkedBytes = 0;
    return isThere;
  }

  async #findManifest(): Promise<Manifest> {
    const { id, bytes } = this.job;
    if (bytes === 0 && isEmptyFile(id)) return emptyFileManifest(id);
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

  /** The size in the catalogue is hearsay; that in the manifest is part of what the file id names. */
  async #correctSize(bytes: number): Promise<void> {
    this.#logger.warn('download.size_corrected', { claimedBytes: this.job.bytes, bytes });
    this.#job = { ...this.job, bytes };
    this.#options.onSize(bytes);
    await this.#components.store.save(this.job);
  }

  async #fetchManifest(): Promise<Manifest> {
    const { metrics, clock } = this.#components;
    const pool = this.#poolOnce();
    this.#search = new ManifestSearch(
      { pool, metrics, clock, logger: this.#logger },
      {
        file: this.job.id,
        holderWaitMs: this.#holderWaitMs,
        signal: this.#abort.signal,
        onWaiting: (isWaiting) => this.#setState(isWaiting ? 'waiting' : 'preparing'),
      },
    );
    const searching = this.#search.run();
    pool.open();
    return searching;
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
    const pool = this.#poolOnce();
    const flight = (): FlightRecord | undefined => this.#options.flights.find(this.job.id);
    const session = new TransferSession(
      { ...this.#components, logger: this.#logger, pool, part },
      {
        file: this.job.id,
        self: this.#options.self,
        seed: Math.floor(this.#components.random() * 2 ** 32),
        holderWaitMs: this.#holderWaitMs,
        recordDir: this.#options.recordDir,
        codecs: this.#options.codecs,
        flight,
        trace: this.#trace,
        onVerified: (segment) => {
          partial.gain(segment);
          this.#options.onProgress();
        },
      },
    );
    this.#session = session;
    session.open();
    pool.watchAvailability(part.manifest.segmentCount);
    pool.open();
    const watch = new SpeedWatch({ ...this.#components, pool, session }, { flight });
    await session.outcome.finally(() => watch.close());
    pool.close();
  }

  #poolOnce(): SourcePool {
    this.#pool ??= new SourcePool(
      { ...this.#components, logger: this.#logger },
      {
        file: this.job.id,
        self: this.#options.self,
        sourcesMax: this.#options.sourcesMax,
        onConnected: (link) => this.#search?.add(link),
        onEvent: (event) => this.#session?.take(event),
        onLosing: (source) => this.#session?.dropRequestsTo(source),
        onMalformed: () => this.#components.metrics.rejected('malformed'),
      },
    );
    return this.#pool;
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
