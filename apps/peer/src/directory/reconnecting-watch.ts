import { DIARY_PATTERNS, emptySchema, HOLDERS_SAMPLE_MAX, watchEventSchema } from '@p2p/protocol';
import type { FileId, PeerId, WatchEvent } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import type { Logger } from '@p2p/service';
import { Observable, Subject } from 'rxjs';
import type { Subscription } from 'rxjs';
import { WATCH_RETRY_MS } from '../limits.js';
import type { DiarySession } from './diary-session.js';
import type { HolderWatch } from './directory.js';

export interface ReconnectingWatchOptions {
  readonly file: FileId;
  readonly logger: Logger;
  /** A number that no watch on the present connection has. */
  nextWatchId(): number;
  /** The watch has its subscriber and wants to be attached to sessions, the present one and later ones. */
  onStarted(watch: ReconnectingWatch): void;
  onClosed(watch: ReconnectingWatch): void;
}

/** A watch of holders that outlives connections. It begins when `events` is first subscribed to, so that nothing is missed. */
export class ReconnectingWatch implements HolderWatch {
  readonly events: Observable<WatchEvent>;
  readonly #options: ReconnectingWatchOptions;
  readonly #events = new Subject<WatchEvent>();
  #attached: { readonly session: DiarySession; readonly watchId: number } | undefined;
  #stream: Subscription | undefined;
  #retrying: NodeJS.Timeout | undefined;
  #isStarted = false;
  #isClosed = false;

  constructor(options: ReconnectingWatchOptions) {
    this.#options = options;
    this.events = new Observable((subscriber) => {
      subscriber.add(this.#events.subscribe(subscriber));
      if (this.#isStarted || this.#isClosed) return;
      this.#isStarted = true;
      options.onStarted(this);
    });
  }

  askForMore(exclude: readonly PeerId[]): void {
    if (this.#attached === undefined) return;
    const { session, watchId } = this.#attached;
    const request = { watch: watchId, exclude: exclude.slice(0, HOLDERS_SAMPLE_MAX) };
    session.request(DIARY_PATTERNS.sample, request, emptySchema).catch((error: unknown) => this.#unanswered('sample', error));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const attached = this.#attached;
    this.detach();
    this.#options.onClosed(this);
    this.#events.complete();
    attached?.session
      .request(DIARY_PATTERNS.unwatch, { watch: attached.watchId }, emptySchema)
      .catch((error: unknown) => this.#unanswered('unwatch', error));
  }

  /** Begins on a session; the diary answers with a new snapshot. */
  attach(session: DiarySession): void {
    this.detach();
    const watchId = this.#options.nextWatchId();
    this.#attached = { session, watchId };
    const request = { watch: watchId, file: this.#options.file, limit: HOLDERS_SAMPLE_MAX };
    this.#stream = session.stream(DIARY_PATTERNS.watch, request, watchEventSchema).subscribe({
      next: (event) => this.#events.next(event),
      error: (error: unknown) => this.#failed(session, error),
    });
  }

  detach(): void {
    clearTimeout(this.#retrying);
    this.#attached = undefined;
    this.#stream?.unsubscribe();
    this.#stream = undefined;
  }

  #failed(session: DiarySession, error: unknown): void {
    const failure = toFailure(error);
    // The next session attaches it again.
    if (failure.code === 'CONNECTION_LOST') return;
    this.#options.logger.warn('holder_watch_failed', { code: failure.code, message: failure.message });
    this.#attached = undefined;
    this.#retrying = setTimeout(() => this.attach(session), failure.retryAfterMs ?? WATCH_RETRY_MS);
  }

  #unanswered(request: string, error: unknown): void {
    const { code, message } = toFailure(error);
    this.#options.logger.debug('holder_watch_request_failed', { request, code, message });
  }
}
