import { PACE_CATCH_UP_MS, PACE_TICK_MS } from './limits.js';

/** The artificial delay of a link. */
export interface Pace {
  /** Milliseconds, fractions allowed, that every packet of a body takes. 0: as fast as it goes. */
  readonly packetDelayMs: number;
  /** Bytes of a packet; the last one of a body may be shorter and takes as long. */
  readonly packetBytes: number;
}

/** Less than a millionth of a packet is rounding, not time. */
const ROUNDING_PACKETS = 1e-6;

/**
 * Says how many bytes are due by the time that has passed, so that late timers cost no rate. Time passes only between
 * `start` and `stop`, that is, while there is something to send. The first packet is due after one delay.
 */
export class Pacer {
  readonly #pace: Pace;
  readonly #catchUpMs: number;
  #running = false;
  /** When the packets began to be counted. */
  #sinceMs = 0;
  /** Since then; not a whole number while a large packet leaves in several chunks. */
  #sentPackets = 0;

  constructor(pace: Pace) {
    this.#pace = pace;
    this.#catchUpMs = Math.max(PACE_CATCH_UP_MS, pace.packetDelayMs);
  }

  get bytesPerSecond(): number {
    return (this.#pace.packetBytes / this.#pace.packetDelayMs) * 1000;
  }

  start(nowMs: number): void {
    if (this.#running) return;
    this.#running = true;
    this.#sinceMs = nowMs;
    this.#sentPackets = 0;
  }

  stop(): void {
    this.#running = false;
  }

  /** Time that does not count: the link itself was slower than the pace, which is not to be made up for. */
  skip(ms: number): void {
    this.#sinceMs += ms;
  }

  /** Bytes that are due of a body of which `leftBytes` are left: whole packets, or its rest. */
  dueBytes(nowMs: number, leftBytes: number): number {
    const { packetDelayMs, packetBytes } = this.#pace;
    const lateMs = nowMs - this.#sinceMs - this.#sentPackets * packetDelayMs;
    if (lateMs > this.#catchUpMs + PACE_TICK_MS + packetDelayMs) this.#sinceMs += lateMs - this.#catchUpMs;
    const duePackets = Math.floor((nowMs - this.#sinceMs) / packetDelayMs + ROUNDING_PACKETS) - this.#sentPackets;
    return duePackets <= ROUNDING_PACKETS ? 0 : Math.min(leftBytes, Math.round(duePackets * packetBytes));
  }

  /** `bytes` that were due have been written; when they end a body, its last packet counts as a whole one. */
  sent(bytes: number, endsBody: boolean): void {
    this.#sentPackets += bytes / this.#pace.packetBytes;
    if (endsBody) this.#sentPackets = Math.ceil(this.#sentPackets - ROUNDING_PACKETS);
  }

  /** Milliseconds until it is worth writing again: until a tick's worth of packets is due, or the rest of the body. */
  waitMs(nowMs: number, leftBytes: number): number {
    const { packetDelayMs, packetBytes } = this.#pace;
    const packets = Math.min(Math.ceil(leftBytes / packetBytes), Math.max(1, Math.ceil(PACE_TICK_MS / packetDelayMs)));
    return Math.max(0, this.#sinceMs + (this.#sentPackets + packets) * packetDelayMs - nowMs);
  }
}
