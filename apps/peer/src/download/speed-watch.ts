import { limitSharesOf, SPEED_LIMITS, type SourceId, type SourceSpan, type TransferReport } from '@p2p/transfer';
import { SPEED_SAMPLE_MS, SPEED_SAMPLE_MS_MIN } from '../limits.js';
import type { Clock } from './clock.js';
import type { DownloadMetrics } from './download-metrics.js';
import type { FlightRecord } from './flight/flight-record.js';
import type { OwnLoad } from './own-load.js';
import type { SourcePool } from './source-pool.js';

export interface SpeedWatchComponents {
  readonly own: Pick<OwnLoad, 'over'>;
  readonly pool: Pick<SourcePool, 'limitsOf'>;
  readonly session: { readonly report: TransferReport };
  readonly metrics: Pick<DownloadMetrics, 'limited'>;
  readonly clock: Clock;
}

/**
 * Looks twice a second at what bounds the speed of a running transfer, for the metrics and for its flight record. Between
 * two looks it costs nothing.
 */
export class SpeedWatch {
  readonly #components: SpeedWatchComponents;
  readonly #flight: () => FlightRecord | undefined;
  readonly #wireBytes = new Map<SourceId, number>();
  #lookedAt: number;
  #cancel: () => void;

  constructor(components: SpeedWatchComponents, options: { readonly flight: () => FlightRecord | undefined }) {
    this.#components = components;
    this.#flight = options.flight;
    components.own.over(SPEED_SAMPLE_MS_MIN);
    this.#lookedAt = components.clock.now();
    this.#cancel = this.#wait();
  }

  /** Counts what is left, and looks no more. */
  close(): void {
    this.#cancel();
    if (this.#components.clock.now() - this.#lookedAt >= SPEED_SAMPLE_MS_MIN) this.#look(SPEED_SAMPLE_MS_MIN);
  }

  #wait(): () => void {
    return this.#components.clock.wait(SPEED_SAMPLE_MS, () => {
      this.#look(SPEED_SAMPLE_MS / 2);
      this.#cancel = this.#wait();
    });
  }

  #look(spanMs: number): void {
    const { own, clock, metrics } = this.#components;
    const now = clock.now();
    const fromMs = this.#lookedAt;
    this.#lookedAt = now;
    const seconds = (now - fromMs) / 1000;
    const shares = limitSharesOf({ seconds, ...own.over(spanMs), sources: this.#sources() });
    for (const limit of SPEED_LIMITS) metrics.limited(limit, shares[limit] * seconds);
    this.#flight()?.limited({ from: fromMs, until: now, shares });
  }

  #sources(): SourceSpan[] {
    const spans: SourceSpan[] = [];
    for (const { source, wireBytes: total, inFlight } of this.#components.session.report.sources) {
      const wireBytes = total - (this.#wireBytes.get(source) ?? 0);
      this.#wireBytes.set(source, total);
      const limits = this.#components.pool.limitsOf(source);
      if (limits !== undefined && (inFlight > 0 || wireBytes > 0)) spans.push({ wireBytes, ...limits });
    }
    return spans;
  }
}
