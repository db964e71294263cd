import { seededRandom } from '../seeded-order.js';
import type { Pipe } from './pipe.js';
import type { EventQueue } from './event-queue.js';

/** From `at` ms on, a link carries this many encoded bytes a second: 0 is silence. */
export interface RateFrom {
  readonly at: number;
  readonly bytesPerSecond: number;
}

/** A holder as a test makes it up. */
export interface SourcePlan {
  readonly id: string;
  /** What its link carries, from time to time; in order, the first at 0. */
  readonly rates: readonly RateFrom[];
  /** One way, in ms. */
  readonly latencyMs: number;
  /** Delay on top of it, at most, in ms: drawn for each lump, so that links overtake each other but no lump its own link. */
  readonly jitterMs?: number;
  /** Bytes that arrive at once. */
  readonly lumpBytes: number;
  /** What it declares as its pace; 0 for none. */
  readonly paceBytesPerSecond: number;
  /** Segments it has from the beginning; undefined for all. */
  readonly have?: ReadonlySet<number>;
  /** Segments it gets later. */
  readonly gains?: readonly { readonly at: number; readonly segments: readonly number[] }[];
  /** When it is there, in pairs of from and to. */
  readonly present: readonly { readonly from: number; readonly to: number }[];
  /** When it says that it leaves, and takes nothing new. */
  readonly drainsAt?: number;
  /** Of requests: part that is refused as busy, that fails, and that comes corrupt. */
  readonly busyRatio?: number;
  readonly failedRatio?: number;
  readonly corruptRatio?: number;
  /** Of requests: part that is refused because it does not have what it said it had. */
  readonly lackingRatio?: number;
  /** Not known from the beginning: joins when holders are looked for and the diary answers. */
  readonly isStandby?: boolean;
  /** Encoded bytes over bytes of file. */
  readonly wireRatio?: number;
}

/** What the other end of a link sees. */
export interface LinkSink {
  bytes(request: number, wireBytes: number): void;
  received(request: number): void;
  cancelled(request: number): void;
}

export interface LinkComponents {
  readonly clock: { now: number };
  readonly queue: EventQueue;
  readonly sink: LinkSink;
  /** What all links of the download share. */
  readonly downlink: Pipe;
  /** What all links of the serving peer share, instead of the rates of the plan. */
  readonly uplink?: Pipe;
  /** Seeds the jitter. */
  readonly seed: number;
}

interface Body {
  readonly request: number;
  leftBytes: number;
  isCancelled: boolean;
}

/** The serving end of one connection: bodies one at a time, in the order they were asked for, in lumps. */
export class SimulatedLink {
  readonly #plan: SourcePlan;
  readonly #clock: { now: number };
  readonly #queue: EventQueue;
  readonly #sink: LinkSink;
  readonly #bodies: Body[] = [];
  readonly #downlink: Pipe;
  readonly #uplink: Pipe | undefined;
  readonly #random: () => number;
  #isServing = false;
  #latestAt = 0;
  #isClosed = false;

  constructor(plan: SourcePlan, components: LinkComponents) {
    this.#plan = plan;
    this.#downlink = components.downlink;
    this.#uplink = components.uplink;
    this.#random = seededRandom(components.seed);
    this.#clock = components.clock;
    this.#queue = components.queue;
    this.#sink = components.sink;
  }

  /** A request arrives here after the link's latency. */
  ask(request: number, wireBytes: number): void {
    this.#later(this.#plan.latencyMs, () => {
      this.#bodies.push({ request, leftBytes: wireBytes, isCancelled: false });
      this.#serve();
    });
  }

  /** So does a cancel: it takes effect at the next lump. */
  cancel(request: number): void {
    this.#later(this.#plan.latencyMs, () => {
      const place = this.#bodies.findIndex((body) => body.request === request);
      const body = this.#bodies[place];
      if (body === undefined) return;
      body.isCancelled = true;
      if (place === 0 && this.#isServing) return;
      this.#bodies.splice(place, 1);
      this.#deliver(0, () => this.#sink.cancelled(request));
    });
  }

  close(): void {
    this.#isClosed = true;
  }

  #later(ms: number, run: () => void): void {
    this.#queue.add(this.#clock.now + ms, () => {
      if (!this.#isClosed) run();
    });
  }

  /** Travels, is held up a little, and passes what all links share; in the order it was sent. */
  #deliver(bytes: number, run: () => void): void {
    const jitterMs = ((this.#plan.jitterMs ?? 0) * this.#random()) / 0x1_0000_0000;
    this.#latestAt = Math.max(this.#latestAt, this.#clock.now + this.#plan.latencyMs + jitterMs);
    this.#later(this.#latestAt - this.#clock.now, () => {
      const waitMs = this.#downlink.passMs(this.#clock.now, bytes);
      if (waitMs === 0) run();
      else this.#later(waitMs, run);
    });
  }

  /** A slow link delivers little at a time, as TCP does, however large the lumps of a fast one. */
  #lumpBytes(): number {
    return Math.min(this.#plan.lumpBytes, Math.max(1024, Math.round(rateAt(this.#plan.rates, this.#clock.now) / 20)));
  }

  #serve(): void {
    const body = this.#bodies[0];
    if (this.#isServing || body === undefined) return;
    const bytes = Math.min(body.leftBytes, this.#lumpBytes());
    const { now } = this.#clock;
    const sentAt = this.#uplink === undefined ? sentTime(this.#plan.rates, now, bytes) : now + this.#uplink.passMs(now, bytes);
    if (sentAt === Infinity) return;
    this.#isServing = true;
    this.#later(sentAt - now, () => {
      this.#isServing = false;
      body.leftBytes -= bytes;
      this.#deliver(bytes, () => this.#sink.bytes(body.request, bytes));
      if (body.leftBytes <= 0) {
        this.#bodies.shift();
        this.#deliver(0, () => this.#sink.received(body.request));
      } else if (body.isCancelled) {
        this.#bodies.shift();
        this.#deliver(0, () => this.#sink.cancelled(body.request));
      }
      this.#serve();
    });
  }
}

/** Bytes a second at a time. */
function rateAt(rates: readonly RateFrom[], now: number): number {
  return rates.findLast((rate) => rate.at <= now)?.bytesPerSecond ?? 0;
}

/** When `bytes` that begin at `from` have been sent. */
export function sentTime(rates: readonly RateFrom[], from: number, bytes: number): number {
  let left = bytes;
  for (let index = 0; index < rates.length; index++) {
    const rate = rates[index];
    const until = rates[index + 1]?.at ?? Infinity;
    if (rate === undefined || until <= from) continue;
    const start = Math.max(from, rate.at);
    const needMs = rate.bytesPerSecond === 0 ? Infinity : (left / rate.bytesPerSecond) * 1000;
    if (start + needMs <= until) return start + needMs;
    left -= ((until - start) * rate.bytesPerSecond) / 1000;
  }
  return Infinity;
}
