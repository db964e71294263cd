import type { ShareProgress } from './shares.js';

/** Where a `share` tells of itself. */
export interface ProgressSink {
  /** Takes an event at once: progress, of which the newest counts. */
  tell(event: ShareProgress): void;
  /** Takes an event that must not be lost; resolves when there is room for another. For one caller at a time. */
  push(event: ShareProgress): Promise<void>;
}

/**
 * What a `share` has to tell, between the one who shares and the one who reads. Progress that was not read yet gives
 * way to newer progress; everything else is kept, and where too much is kept the one who shares waits.
 */
export class ProgressQueue implements ProgressSink, AsyncIterable<ShareProgress> {
  readonly #eventsMax: number;
  readonly #events: ShareProgress[] = [];
  #end: { readonly failure?: unknown } | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  constructor(options: { readonly eventsMax: number }) {
    this.#eventsMax = options.eventsMax;
  }

  tell(event: ShareProgress): void {
    const last = this.#events.at(-1);
    if (last !== undefined && last.kind === event.kind && (event.kind === 'found' || event.kind === 'hashing')) this.#events.pop();
    this.#events.push(event);
    this.#wakeReader?.();
  }

  async push(event: ShareProgress): Promise<void> {
    this.tell(event);
    while (this.#events.length >= this.#eventsMax && this.#end === undefined) {
      await new Promise<void>((resolve) => (this.#wakeWriter = resolve));
    }
  }

  /** Nothing more comes; with `failure`, because of it. */
  end(end: { readonly failure?: unknown } = {}): void {
    this.#end ??= end;
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ShareProgress> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) {
        this.#wakeWriter?.();
        yield event;
      } else if (this.#end === undefined) {
        await new Promise<void>((resolve) => (this.#wakeReader = resolve));
      } else {
        if ('failure' in this.#end) throw this.#end.failure;
        return;
      }
    }
  }
}
