import { DIARY_PATTERNS } from '@p2p/protocol';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Most requests take tens of microseconds; one that removes a peer with many files takes milliseconds. */
const REQUEST_SECONDS_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

const DEPARTURE_REASONS = ['left', 'connection_closed', 'lease_expired'] as const;

/** What a connection can be cut off for. */
const FRAME_REJECTION_REASONS = ['BAD_REQUEST', 'LIMIT_EXCEEDED', 'TIMED_OUT', 'BUSY', 'INTERNAL'] as const;

/** What is counted now, read when someone scrapes. */
export interface DiaryCounts {
  readonly peers: number;
  readonly files: number;
  readonly watchers: number;
}

/** The diary's metrics. Every label's values are there from the start, so that a rate over them never begins at a gap. */
export class DiaryMetrics {
  readonly #registry = new Registry();
  readonly requestDuration = new Histogram({
    name: 'p2p_diary_request_duration_seconds',
    help: 'Time to answer a request; of holders.watch, to its first message.',
    labelNames: ['request'] as const,
    buckets: REQUEST_SECONDS_BUCKETS,
    registers: [this.#registry],
  });
  readonly departures = new Counter({
    name: 'p2p_diary_departures_total',
    help: 'Peers that are no longer listed, by why. A newer life of a peer taking the place of an older one is none.',
    labelNames: ['reason'] as const,
    registers: [this.#registry],
  });
  readonly framesRejected = new Counter({
    name: 'p2p_frames_rejected_total',
    help: 'Frames that broke a bound or were not what they must be; their connection was cut off.',
    labelNames: ['reason'] as const,
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    for (const request of Object.values(DIARY_PATTERNS)) this.requestDuration.zero({ request });
    for (const reason of DEPARTURE_REASONS) this.departures.inc({ reason }, 0);
    for (const reason of FRAME_REJECTION_REASONS) this.framesRejected.inc({ reason }, 0);
  }

  /** Adds the gauges of what `counts` tells. To be called once. */
  observe(counts: () => Promise<DiaryCounts>): void {
    this.#gauge('p2p_diary_peers', 'Peers with a lease.', async () => (await counts()).peers);
    this.#gauge('p2p_diary_files', 'Different contents that somebody holds.', async () => (await counts()).files);
    this.#gauge('p2p_diary_watchers', 'Open watches of holders.', async () => (await counts()).watchers);
  }

  async document(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #gauge(name: string, help: string, read: () => Promise<number>): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect: async () => {
        gauge.set(await read());
      },
    });
  }
}
