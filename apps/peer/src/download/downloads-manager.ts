import path from 'node:path';
import { Failure, fileIdSchema, type FileId } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import { throwError, type Observable } from 'rxjs';
import { DOWNLOADS_QUEUED_MAX, DOWNLOAD_WATCHERS_MAX } from '../limits.js';
import { evictAbandoned } from './abandoned-parts.js';
import { DownloadEntries } from './download-entries.js';
import { attach, DownloadEntry } from './download-entry.js';
import type { DownloadSnapshot } from './download-metrics.js';
import type { DownloadRunnerComponents, DownloadRunnerSettings } from './download-runner-parts.js';
import { DownloadRunner } from './download-runner.js';
import type { DownloadStatus, Downloads, StartOptions } from './downloads.js';
import type { FlightLine } from './flight/flight-line.js';
import { FlightRecords } from './flight/flight-records.js';
import { newJob } from './job.js';
import { JobStore } from './job-store.js';
import { assertOutputFree, resolveOutput, type OutputPath } from './output-path.js';
import { PARTIAL_FOLDER } from './part-paths.js';
import { statusStream } from './status-stream.js';
import { resolveTarget, type LookupTimes, type ResolvedTarget } from './target-resolution.js';

export type DownloadsManagerComponents = Omit<DownloadRunnerComponents, 'store'>;

export interface DownloadsManagerOptions extends DownloadRunnerSettings {
  readonly dataDir: string;
  readonly downloadsMax: number;
}

/** Takes downloads on, runs so many at once, and keeps account of those that have ended. */
export class DownloadsManager implements Downloads {
  readonly #components: DownloadsManagerComponents;
  readonly #options: DownloadsManagerOptions;
  readonly #downloadsFolder: string;
  readonly #entries = new DownloadEntries();
  /** Those that wait for a place, first come first served. */
  readonly #queue: DownloadEntry[] = [];
  readonly #flights: FlightRecords;
  readonly #opening = Promise.withResolvers<JobStore>();
  #watchers = 0;
  #lastProgressAt = 0;
  #isStopping = false;

  constructor(components: DownloadsManagerComponents, options: DownloadsManagerOptions) {
    this.#components = components;
    this.#options = options;
    this.#flights = new FlightRecords(components.clock);
    this.#downloadsFolder = path.join(options.dataDir, 'downloads');
    // Whoever waits for it hears of its failure; there may be nobody.
    this.#opening.promise.catch(() => undefined);
  }

  /**
   * Takes up what an earlier life of this peer left unfinished. Until then `start` waits. Throws `ACCESS_DENIED`,
   * `DISK_FAILED` when the data directory cannot be used.
   */
  async resumeJobs(): Promise<void> {
    try {
      const { logger } = this.#components;
      const store = await JobStore.open(path.join(this.#downloadsFolder, PARTIAL_FOLDER), logger);
      for (const job of await store.load()) {
        const claimedBytes = await store.claimedBytes(job);
        const entry = new DownloadEntry(this.#components.clock, job, { startedAt: job.createdAt, claimedBytes });
        this.#entries.add(entry);
        if (job.state !== 'active') continue;
        logger.info('download.taken_up', { download: job.id, name: job.name, claimedBytes, bytes: job.bytes });
        this.#queue.push(entry);
      }
      await this.#evict(store);
      this.#opening.resolve(store);
      this.#pump(store);
    } catch (error) {
      this.#opening.reject(error);
      throw toFailure(error, 'unfinished downloads cannot be taken up');
    }
  }

  list(): readonly DownloadStatus[] {
    return this.#entries.all().map((entry) => entry.status());
  }

  async start(target: string, options: StartOptions): Promise<DownloadStatus> {
    const store = await this.#opening.promise;
    const askedAt = this.#components.clock.now();
    const resolved = await this.#resolve(target);
    const lookup = { startedAt: askedAt, endedAt: this.#components.clock.now() };
    if (options.trace === true) this.#flights.want(resolved.id, { isRunning: this.#entries.activeOf(resolved.id) !== undefined });
    const overwrite = options.overwrite ?? false;
    const output = await resolveOutput({
      downloadsFolder: this.#downloadsFolder,
      name: resolved.name,
      ...(options.output === undefined ? {} : { output: options.output }),
    });
    const running = this.#entries.activeOf(resolved.id);
    if (running !== undefined) return attach(running, options.output === undefined ? undefined : output);
    await assertOutputFree(output, { fileBytes: resolved.bytes, overwrite });
    // Time has passed: somebody else may have started it.
    const quicker = this.#entries.activeOf(resolved.id);
    if (quicker !== undefined) return attach(quicker, options.output === undefined ? undefined : output);
    this.#assertAcceptable(output);
    const entry = this.#enter(resolved, { output, overwrite, lookup });
    try {
      await store.save(entry.job);
    } catch (error) {
      const failure = toFailure(error);
      entry.end('failed', failure);
      throw failure;
    }
    // It may have been cancelled in between.
    if (!entry.isEnded) {
      this.#queue.push(entry);
      this.#pump(store);
    }
    return entry.status();
  }

  watch(id: FileId): Observable<DownloadStatus> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return throwError(() => new Failure('NOT_FOUND', `this peer has no download of ${id}`));
    if (this.#watchers >= DOWNLOAD_WATCHERS_MAX) {
      return throwError(
        () => new Failure('BUSY', `${this.#watchers} watch downloads; at most ${DOWNLOAD_WATCHERS_MAX} can. Ask again later`),
      );
    }
    return statusStream(entry, this.#components.clock, (delta) => (this.#watchers += delta));
  }

  trace(id: FileId): Iterable<FlightLine> {
    const record = this.#flights.get(id);
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new Failure('NOT_FOUND', `this peer has no download of ${id}`);
    return record.lines(entry.job);
  }

  async cancel(target: string, options: { readonly discard: boolean }): Promise<DownloadStatus> {
    const store = await this.#opening.promise;
    const entry = this.#entries.find(target);
    if (!entry.isEnded) {
      const failure = new Failure('CANCELLED', 'the download was cancelled; what it has is kept');
      const place = this.#queue.indexOf(entry);
      if (place >= 0) this.#queue.splice(place, 1);
      if (entry.runner === undefined) await this.#end(store, entry, failure);
      else entry.runner.stop(failure);
      await entry.running;
    }
    const status = entry.status();
    if (options.discard && status.state !== 'done' && this.#entries.activeOf(status.id) === undefined) {
      await store.discard(status.id);
      this.#entries.remove(entry);
    }
    return status;
  }

  /** For the gauges. */
  snapshot(): DownloadSnapshot {
    let active = 0;
    let sources = 0;
    let verifiedBytes = 0;
    let wantedBytes = 0;
    for (const { runner, job } of this.#entries.active()) {
      if (runner === undefined) continue;
      active++;
      sources += runner.sourceCount;
      verifiedBytes += runner.verifiedBytes;
      wantedBytes += job.bytes;
    }
    const progressRatio = wantedBytes === 0 ? 1 : verifiedBytes / wantedBytes;
    return { active, queued: this.#queue.length, sources, progressRatio, lastProgressAt: this.#lastProgressAt / 1000 };
  }

  /** Puts every download down, to be taken up at the next start. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#queue.length = 0;
    const failure = new Failure('CANCELLED', 'the peer stops; the download goes on at its next start');
    const entries = this.#entries.active();
    for (const entry of entries) entry.runner?.stop(failure);
    await Promise.all(entries.map((entry) => entry.running));
    for (const entry of entries) entry.end('cancelled', failure);
  }

  /** A download of this peer needs no diary to be found. */
  async #resolve(target: string): Promise<ResolvedTarget> {
    const id = fileIdSchema.safeParse(target.toLowerCase());
    const running = id.success ? this.#entries.activeOf(id.data) : undefined;
    if (running !== undefined) return running.job;
    try {
      return await resolveTarget(this.#components, target);
    } catch (error) {
      const failure = toFailure(error);
      const [named, ...others] = this.#entries.active().filter((entry) => entry.job.name === target);
      if (failure.code === 'DIARY_UNREACHABLE' && named !== undefined && others.length === 0) return named.job;
      throw failure;
    }
  }

  /** Throws `BUSY` when there are too many, `ALREADY_EXISTS` when another one goes to the same place. */
  #assertAcceptable(output: OutputPath): void {
    if (this.#isStopping) throw new Failure('DRAINING', 'the peer is leaving and takes on no download');
    const active = this.#entries.active();
    const most = this.#options.downloadsMax + DOWNLOADS_QUEUED_MAX;
    if (active.length >= most) {
      throw new Failure(
        'BUSY',
        `${active.length} downloads are under way or queued; at most ${most} can be. Start this one when some have ended`,
      );
    }
    const rival = active.find((entry) => entry.job.output === output.path);
    if (rival === undefined) return;
    throw new Failure('ALREADY_EXISTS', `the download of ${rival.job.id} goes to "${output.path}" as well; choose another output`);
  }

  #enter(
    target: ResolvedTarget,
    options: { readonly output: OutputPath; readonly overwrite: boolean; readonly lookup: LookupTimes },
  ): DownloadEntry {
    const job = newJob(target, options);
    const entry = new DownloadEntry(this.#components.clock, job, { startedAt: job.createdAt, lookup: options.lookup });
    this.#entries.add(entry);
    return entry;
  }

  /** Runs those whose turn it is. */
  #pump(store: JobStore): void {
    let places = this.#options.downloadsMax - this.#entries.active().filter((entry) => entry.isRunning).length;
    for (; places > 0 && !this.#isStopping; places--) {
      const entry = this.#queue.shift();
      if (entry === undefined) return;
      this.#run(store, entry);
    }
  }

  #run(store: JobStore, entry: DownloadEntry): void {
    const runner = new DownloadRunner({ ...this.#components, store }, entry.job, {
      ...this.#options,
      downloadsFolder: this.#downloadsFolder,
      flights: this.#flights,
      lookup: entry.lookup,
      onChange: () => entry.changed.next(),
      onSize: (bytes) => (entry.job = { ...entry.job, bytes }),
      onProgress: () => (this.#lastProgressAt = Date.now()),
    });
    const running = runner.run().then(
      () => this.#end(store, entry),
      (error: unknown) => this.#end(store, entry, toFailure(error)),
    );
    entry.begin(runner, running);
  }

  /** Notes how a download ended, and gives its place to the next. Never throws. */
  async #end(store: JobStore, entry: DownloadEntry, failure?: Failure): Promise<void> {
    // At the next start it goes on.
    if (this.#isStopping && failure?.code === 'CANCELLED') return;
    const { metrics } = this.#components;
    const logger = this.#components.logger.child(entry.runner?.traceFields ?? {});
    const state = failure === undefined ? 'done' : failure.code === 'CANCELLED' ? 'cancelled' : 'failed';
    try {
      if (failure !== undefined && state !== 'done') {
        entry.job = { ...entry.job, state, failure: { code: failure.code, message: failure.message } };
        await store.save(entry.job);
      }
    } catch (error) {
      logger.warn('download.state_not_saved', { download: entry.job.id, reason: toFailure(error).message });
    }
    entry.end(state, failure);
    const { id, name, bytes, transferMs, totalMs, report } = entry.status();
    metrics.downloadEnded({ outcome: state, transferSeconds: transferMs / 1000, totalSeconds: totalMs / 1000 });
    const summary = {
      download: id,
      name,
      bytes,
      transferMs: Math.round(transferMs),
      totalMs: Math.round(totalMs),
      sources: report?.sources.length ?? 0,
    };
    if (failure === undefined) {
      const { redistributed, hedged, wastedBytes, wireBytes, resumedBytes } = report ?? {};
      logger.info('download.done', { ...summary, redistributed, hedged, wastedBytes, wireBytes, resumedBytes });
    } else {
      logger.warn(`download.${state}`, { ...summary, code: failure.code, reason: failure.message });
    }
    this.#pump(store);
    await this.#evict(store).catch((error: unknown) => logger.warn('download.eviction_failed', { reason: toFailure(error).message }));
  }

  async #evict(store: JobStore): Promise<void> {
    const { logger } = this.#components;
    const evicted = await evictAbandoned({ store, isActive: (id) => this.#entries.activeOf(id) !== undefined, nowMs: Date.now(), logger });
    for (const id of evicted) {
      const entry = this.#entries.get(id);
      if (entry?.isEnded === true) this.#entries.remove(entry);
    }
  }
}
