/** `lost`: the connection closed, or the answer never reached it. */
export type BodyOutcome = 'sent' | 'aborted' | 'lost';

export interface OutgoingBodyOptions {
  readonly bytes: Uint8Array;
  /** Gives the body up: at its next chunk, or, where it has not begun, by answering `CANCELLED` instead. */
  readonly signal?: AbortSignal;
  /** Whether the artificial delay applies: it does to segments, not to what is needed to ask for them. Default true. */
  readonly paced?: boolean;
  /** Called exactly once, always: from then on the bytes are the owner's again. `sentBytes` have left (or, `aborted`, were committed). */
  readonly onDone: (outcome: BodyOutcome, sentBytes: number) => void;
}

/**
 * Raw bytes that follow an answer: a handler answers `{ ...fields, body: new OutgoingBody(...) }`, and on the wire
 * `body` becomes `bodyBytes`. Only a handler's promise can answer one; an item of a stream cannot.
 */
export class OutgoingBody {
  readonly bytes: Uint8Array;
  readonly signal: AbortSignal | undefined;
  readonly paced: boolean;
  #onDone: OutgoingBodyOptions['onDone'] | undefined;

  constructor(options: OutgoingBodyOptions) {
    this.bytes = options.bytes;
    this.signal = options.signal;
    this.paced = options.paced ?? true;
    this.#onDone = options.onDone;
  }

  /** Tells the owner. Whoever takes the body over calls it; only the first call counts. */
  finish(outcome: BodyOutcome, sentBytes: number): void {
    const onDone = this.#onDone;
    this.#onDone = undefined;
    onDone?.(outcome, sentBytes);
  }
}

/** The body in a handler's answer, if it has one. */
export function bodyIn(response: unknown): OutgoingBody | undefined {
  if (typeof response !== 'object' || response === null || !('body' in response)) return undefined;
  return response.body instanceof OutgoingBody ? response.body : undefined;
}
