import { CATALOGUE_PAGE_MAX, DIARY_PATTERNS, emptySchema, Failure, findAnswerSchema, listAnswerSchema } from '@p2p/protocol';
import type { FileId, FindAnswer, FindRequest, PeerId } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import type { Logger } from '@p2p/service';
import { BehaviorSubject, combineLatest, filter, firstValueFrom, fromEvent, NEVER, race, Subject, timer } from 'rxjs';
import type { z } from 'zod';
import type { Holdings } from '../holdings/holdings.js';
import {
  DIARY_PATIENCE_MS,
  DIARY_RETRY_MS_MAX,
  DIARY_RETRY_MS_MIN,
  DIARY_VERSION_RETRY_MS,
  LEASE_MS_ASSUMED,
  LEASE_MS_MAX,
  PEER_ID_PATIENCE_LEASES,
} from '../limits.js';
import { Announcer } from './announcer.js';
import { Backoff } from './backoff.js';
import { DiarySession } from './diary-session.js';
import type { JoinSettings } from './diary-session.js';
import type { CataloguePage, CataloguePosition, Directory, HolderWatch } from './directory.js';
import { ReconnectingWatch } from './reconnecting-watch.js';

export interface DiaryClientOptions {
  readonly settings: Omit<JoinSettings, 'port'>;
  readonly holdings: Holdings;
  readonly logger: Logger;
  /** Called when going on makes no sense: at start, another living peer has this id. The client has stopped by then. */
  onFatal(failure: Failure): void;
  /** Numbers from 0 to below 1, for the waits between attempts. */
  readonly random?: () => number;
}

/** Failures of a question that say nothing about the question. */
const AWAY_CODES: ReadonlySet<string> = new Set(['CONNECTION_LOST', 'TIMED_OUT', 'UNREACHABLE', 'NOT_JOINED', 'CANCELLED']);

/**
 * The diary over the network: joins, renews, announces what the holdings have, and begins anew whenever the connection
 * is lost, for as long as the peer lives.
 */
export class DiaryClient implements Directory {
  readonly #options: DiaryClientOptions;
  readonly #address: string;
  readonly #backoff: Backoff;
  readonly #watches = new Set<ReconnectingWatch>();
  readonly #connected = new Subject<DiarySession>();
  /** Questions that wait for a connection. */
  readonly #waiting = new BehaviorSubject(0);
  readonly #stopping = new AbortController();
  #session: DiarySession | undefined;
  #lastFailure: Failure | undefined;
  #hasJoined = false;
  #refusedSinceMs: number | undefined;
  #isDraining = false;
  #lastWatchId = 0;

  constructor(options: DiaryClientOptions) {
    const { host, port } = options.settings.diary;
    this.#options = options;
    this.#address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    this.#backoff = new Backoff({ minMs: DIARY_RETRY_MS_MIN, maxMs: DIARY_RETRY_MS_MAX, random: options.random ?? Math.random });
  }

  get isConnected(): boolean {
    return this.#session !== undefined;
  }

  /** Where other peers were told to reach this one; `undefined` before the first join when no host was configured. */
  get advertisedHost(): string | undefined {
    return this.#session?.advertisedHost ?? this.#options.settings.advertisedHost;
  }

  /** Begins to connect, and goes on until `leave`. `port` is where other peers reach this one. To be called once. */
  start(port: number): void {
    void this.#run({ ...this.#options.settings, port });
  }

  async list(options: { readonly after?: CataloguePosition; readonly limit: number; readonly peer?: PeerId }): Promise<CataloguePage> {
    const request = { ...options, limit: Math.min(options.limit, CATALOGUE_PAGE_MAX) };
    return this.#ask(options.peer === undefined ? DIARY_PATTERNS.list : DIARY_PATTERNS.ofPeer, request, listAnswerSchema);
  }

  async find(target: FindRequest): Promise<FindAnswer> {
    return this.#ask(DIARY_PATTERNS.find, target, findAnswerSchema);
  }

  watchHolders(file: FileId): HolderWatch {
    return new ReconnectingWatch({
      file,
      logger: this.#options.logger,
      nextWatchId: () => (this.#lastWatchId = (this.#lastWatchId + 1) % 2 ** 32),
      onStarted: (watch) => {
        this.#watches.add(watch);
        if (this.#session !== undefined) watch.attach(this.#session);
      },
      onClosed: (watch) => this.#watches.delete(watch),
    });
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    if (this.#session !== undefined) await this.#tellDraining(this.#session);
  }

  async leave(): Promise<void> {
    this.#stopping.abort();
    const session = this.#session;
    if (session === undefined) return;
    try {
      await session.leave();
    } catch (error) {
      // The closed connection tells the diary the same.
      const { code, message } = toFailure(error);
      this.#options.logger.debug('diary_leave_unanswered', { code, message });
    }
  }

  async #run(settings: JoinSettings): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const failure = await this.#live(settings);
      if (this.#stopping.signal.aborted) return;
      this.#lastFailure = failure;
      if (this.#isFatal(failure)) {
        this.#stopping.abort();
        this.#options.onFatal(failure);
        return;
      }
      await this.#pause(failure);
    }
  }

  /** Before the next attempt: short while somebody waits for an answer. */
  async #pause({ code }: Failure): Promise<void> {
    // Asking again does not teach a diary another version.
    const isHopeless = code === 'VERSION_MISMATCH';
    const asked = combineLatest([timer(DIARY_RETRY_MS_MIN), this.#waiting.pipe(filter((count) => count > 0))]);
    const late = timer(isHopeless ? DIARY_VERSION_RETRY_MS : this.#backoff.nextMs());
    await firstValueFrom(race(late, isHopeless ? NEVER : asked, fromEvent(this.#stopping.signal, 'abort')));
  }

  /** One connection from its beginning to its end; returns why it ended or was not made. */
  async #live(settings: JoinSettings): Promise<Failure> {
    let session: DiarySession;
    try {
      session = await DiarySession.open(settings);
    } catch (error) {
      const failure = toFailure(error);
      this.#logUnreachable(failure);
      return failure;
    }
    if (this.#stopping.signal.aborted) {
      await session.leave().catch((error: unknown) => this.#options.logger.debug('diary_leave_unanswered', { error }));
      return session.ended();
    }
    const beganMs = performance.now();
    const failure = await this.#use(session);
    // A diary that takes a peer and drops it at once is not to be asked ten times a second.
    if (performance.now() - beganMs > session.joined.leaseTtlMs / 2) this.#backoff.reset();
    if (!this.#stopping.signal.aborted) {
      this.#options.logger.warn('diary_lost', { diary: this.#address, code: failure.code, message: failure.message });
    }
    return failure;
  }

  async #use(session: DiarySession): Promise<Failure> {
    const { logger, holdings } = this.#options;
    const { epoch, leaseTtlMs } = session.joined;
    logger.info('diary_joined', { diary: this.#address, epoch, leaseTtlMs, advertisedHost: session.advertisedHost });
    this.#hasJoined = true;
    this.#lastFailure = undefined;
    const announcer = new Announcer({ session, holdings, logger });
    if (this.#isDraining) await this.#tellDraining(session);
    this.#session = session;
    this.#connected.next(session);
    for (const watch of this.#watches) watch.attach(session);
    announcer.start();
    const failure = await session.ended();
    this.#session = undefined;
    announcer.stop();
    for (const watch of this.#watches) watch.detach();
    return failure;
  }

  async #ask<A>(pattern: string, request: object, answer: z.ZodType<A>): Promise<A> {
    const session = this.#session ?? (await this.#sessionSoon());
    try {
      return await session.request(pattern, request, answer);
    } catch (error) {
      const failure = toFailure(error);
      throw AWAY_CODES.has(failure.code) ? this.#away(failure) : failure;
    }
  }

  /** A peer that has just started, or a diary that just restarted, is connected in a moment. */
  async #sessionSoon(): Promise<DiarySession> {
    if (this.#stopping.signal.aborted) throw this.#away(new Failure('CANCELLED', 'this peer has left the diary'));
    const connected = firstValueFrom(race(this.#connected, timer(DIARY_PATIENCE_MS)));
    this.#waiting.next(this.#waiting.value + 1);
    const session = await connected;
    this.#waiting.next(this.#waiting.value - 1);
    if (typeof session === 'number') throw this.#away(this.#lastFailure);
    return session;
  }

  #away(cause: Failure | undefined): Failure {
    const reason = cause === undefined ? 'no answer yet' : `${cause.code}: ${cause.message}`;
    return new Failure(
      'DIARY_UNREACHABLE',
      `the diary at ${this.#address} cannot be asked (${reason}); check that it runs and that P2P_DIARY names it, then try again`,
      { cause },
    );
  }

  async #tellDraining(session: DiarySession): Promise<void> {
    try {
      await session.request(DIARY_PATTERNS.drain, {}, emptySchema);
    } catch (error) {
      // Downloaders that still come are told DRAINING by this peer itself.
      const { code, message } = toFailure(error);
      this.#options.logger.warn('diary_drain_unanswered', { code, message });
    }
  }

  /** Whether this peer can never join: at its start the id was another's for longer than an own earlier life could have had it. */
  #isFatal(failure: Failure): boolean {
    if (failure.code !== 'PEER_ID_TAKEN' || this.#hasJoined) return false;
    this.#refusedSinceMs ??= performance.now();
    const leaseMs = Math.min(failure.retryAfterMs ?? LEASE_MS_ASSUMED, LEASE_MS_MAX);
    return performance.now() - this.#refusedSinceMs >= PEER_ID_PATIENCE_LEASES * leaseMs;
  }

  /** The first of a row of failed attempts is worth a warning; so is one of another kind. */
  #logUnreachable(failure: Failure): void {
    const level = this.#lastFailure?.code === failure.code ? 'debug' : 'warn';
    this.#options.logger[level]('diary_not_joined', { diary: this.#address, code: failure.code, message: failure.message });
  }
}
