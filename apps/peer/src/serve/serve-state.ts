import { setTimeout as after } from 'node:timers/promises';
import { BehaviorSubject, filter, firstValueFrom, map, type Observable } from 'rxjs';
import type { ServedSegment, ServeMetrics } from './serve-metrics.js';

/** Totals since the start, for the control API. */
export interface UploadStatus {
  readonly active: number;
  readonly fileBytes: number;
  readonly wireBytes: number;
}

/** Whether this peer serves, what it has in work and what it has served. */
export class ServeState {
  readonly #metrics: ServeMetrics;
  readonly #draining = new BehaviorSubject(false);
  readonly #active = new BehaviorSubject(0);
  #fileBytes = 0;
  #wireBytes = 0;

  constructor(metrics: ServeMetrics) {
    this.#metrics = metrics;
  }

  get isDraining(): boolean {
    return this.#draining.value;
  }

  /** Emits when this peer begins to drain, at once if it already does. */
  get drained(): Observable<void> {
    return this.#draining.pipe(
      filter((isDraining) => isDraining),
      map(() => undefined),
    );
  }

  get status(): UploadStatus {
    return { active: this.#active.value, fileBytes: this.#fileBytes, wireBytes: this.#wireBytes };
  }

  begin(): void {
    this.#metrics.inFlight(1);
    this.#active.next(this.#active.value + 1);
  }

  end(segment: ServedSegment): void {
    this.#fileBytes += segment.fileBytes;
    this.#wireBytes += segment.wireBytes;
    this.#metrics.inFlight(-1);
    this.#metrics.segmentServed(segment);
    this.#active.next(this.#active.value - 1);
  }

  /** Takes no new requests from now on. Resolves when the running uploads have ended (true), or after `deadlineMs` (false). */
  async drain(deadlineMs: number): Promise<boolean> {
    this.#draining.next(true);
    const timer = new AbortController();
    const ended = firstValueFrom(this.#active.pipe(filter((active) => active === 0))).then(() => true);
    const late = after(deadlineMs, false, { signal: timer.signal }).catch(() => false);
    try {
      return await Promise.race([ended, late]);
    } finally {
      timer.abort();
    }
  }
}
