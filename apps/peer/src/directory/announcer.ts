import { setTimeout as wait } from 'node:timers/promises';
import { DIARY_PATTERNS, emptySchema, Failure, FILES_PER_MESSAGE_MAX } from '@p2p/protocol';
import type { AnnouncedFile, FileId, HoldingState, WithdrawRequest } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import type { Logger } from '@p2p/service';
import type { Subscription } from 'rxjs';
import type { Holding } from '../holdings/holding.js';
import type { HoldingChange, Holdings } from '../holdings/holdings.js';
import { DIARY_RETRY_MS_MAX, DIARY_RETRY_MS_MIN, REFUSALS_LOGGED_MAX } from '../limits.js';
import type { DiarySession } from './diary-session.js';

export interface AnnouncerOptions {
  readonly session: DiarySession;
  readonly holdings: Holdings;
  readonly logger: Logger;
}

/** What the diary was told of a content in this session. */
interface Told {
  readonly names: ReadonlySet<string>;
  readonly state: HoldingState;
}

type Withdrawn = WithdrawRequest['files'][number];

/** These end with the connection, and the next one announces everything again. All others are about the files sent. */
const SESSION_FAILURES: ReadonlySet<string> = new Set(['CONNECTION_LOST', 'TIMED_OUT', 'NOT_JOINED', 'CANCELLED', 'INTERNAL']);

/**
 * Makes the diary know what this peer holds, for one session. It compares what there is with what was told, content by
 * content, and sends the difference: a burst of changes becomes one message, and nothing is sent twice.
 */
export class Announcer {
  readonly #session: DiarySession;
  readonly #holdings: Holdings;
  readonly #logger: Logger;
  readonly #told = new Map<FileId, Told>();
  /** Contents to compare. */
  readonly #unsure = new Set<FileId>();
  readonly #stopping = new AbortController();
  #following: Subscription | undefined;
  #isSending = false;
  #refusals = 0;

  constructor(options: AnnouncerOptions) {
    this.#session = options.session;
    this.#holdings = options.holdings;
    this.#logger = options.logger;
  }

  start(): void {
    this.#following = this.#holdings.changes.subscribe((change) => this.#changed(change));
    for (const holding of this.#holdings.list()) this.#unsure.add(holding.file);
    this.#sendSoon();
  }

  stop(): void {
    this.#following?.unsubscribe();
    this.#stopping.abort();
  }

  #changed(change: HoldingChange): void {
    const { holding } = change;
    // Most gains are no news to the diary: it knows a part from a whole, and nothing finer.
    if (change.kind === 'gained' && this.#told.get(holding.file)?.state === stateOf(holding)) return;
    this.#unsure.add(holding.file);
    this.#sendSoon();
  }

  #sendSoon(): void {
    if (this.#isSending) return;
    this.#isSending = true;
    // What else happens in this turn of the event loop goes into the same message.
    setImmediate(() => void this.#send());
  }

  async #send(): Promise<void> {
    try {
      while (this.#unsure.size > 0 && !this.#stopping.signal.aborted) {
        const { announced, withdrawn } = this.#takeDifferences();
        // Announcing first: a content that only changes its name is held all the while.
        for (const files of inMessages(announced)) await this.#deliver(DIARY_PATTERNS.announce, files);
        for (const files of inMessages(withdrawn)) await this.#deliver(DIARY_PATTERNS.withdraw, files);
      }
    } catch (error) {
      this.#session.abandon(toFailure(error, 'announcing failed'));
    } finally {
      this.#isSending = false;
    }
  }

  /** At least one message full, while there is that much to tell. */
  #takeDifferences(): { readonly announced: AnnouncedFile[]; readonly withdrawn: Withdrawn[] } {
    const announced: AnnouncedFile[] = [];
    const withdrawn: Withdrawn[] = [];
    for (const id of this.#unsure) {
      if (announced.length >= FILES_PER_MESSAGE_MAX || withdrawn.length >= FILES_PER_MESSAGE_MAX) break;
      this.#unsure.delete(id);
      const holding = this.#holdings.get(id);
      const told = this.#told.get(id);
      if (holding === undefined || isEmptyPart(holding)) {
        this.#told.delete(id);
        if (told !== undefined) withdrawn.push({ id });
        continue;
      }
      const state = stateOf(holding);
      const names = new Set(holding.names);
      this.#told.set(id, { names, state });
      const bytes = holding.manifest.fileBytes;
      for (const name of names) if (told?.state !== state || !told.names.has(name)) announced.push({ id, name, bytes, state });
      for (const name of told?.names ?? []) if (!names.has(name)) withdrawn.push({ id, name });
    }
    return { announced, withdrawn };
  }

  /** Sends a message; when the diary refuses it, each of its files alone, so that one bad file keeps back no other. */
  async #deliver(pattern: string, files: readonly (AnnouncedFile | Withdrawn)[]): Promise<void> {
    const refusal = await this.#deliverOnce(pattern, files);
    if (refusal === undefined) return;
    const only = files[0];
    if (files.length === 1 && only !== undefined) {
      this.#refused(only, refusal);
      return;
    }
    for (const file of files) await this.#deliver(pattern, [file]);
  }

  /** Returns what the diary has against the files. Throws what ends the session. */
  async #deliverOnce(pattern: string, files: readonly (AnnouncedFile | Withdrawn)[]): Promise<Failure | undefined> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#session.request(pattern, { files }, emptySchema);
        return undefined;
      } catch (error) {
        const failure = toFailure(error);
        if (SESSION_FAILURES.has(failure.code)) throw failure;
        if (failure.code !== 'BUSY') return failure;
        await this.#waitAfterBusy(failure);
      }
    }
    return undefined;
  }

  async #waitAfterBusy(failure: Failure): Promise<void> {
    this.#logger.warn('announcement_postponed', { code: failure.code, message: failure.message });
    const waitMs = Math.min(Math.max(failure.retryAfterMs ?? 0, DIARY_RETRY_MS_MIN), DIARY_RETRY_MS_MAX);
    // The only rejection is the abort, after which there is nothing to send.
    await wait(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  #refused(file: AnnouncedFile | Withdrawn, failure: Failure): void {
    this.#refusals++;
    const level = this.#refusals <= REFUSALS_LOGGED_MAX ? 'warn' : 'debug';
    this.#logger[level]('announcement_refused', { file: file.id, code: failure.code, message: failure.message, refusals: this.#refusals });
  }
}

function stateOf(holding: Holding): HoldingState {
  return holding.verified.isFull ? 'complete' : 'partial';
}

/** A download that has nothing yet is no holder. */
function isEmptyPart(holding: Holding): boolean {
  return holding.verified.count === 0 && !holding.verified.isFull;
}

function* inMessages<T>(files: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < files.length; at += FILES_PER_MESSAGE_MAX) yield files.slice(at, at + FILES_PER_MESSAGE_MAX);
}
