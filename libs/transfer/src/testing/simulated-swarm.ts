import { Bitmap, segmentCountOf, segmentLengthOf } from '@p2p/protocol';
import type { TransferCommand } from '../commands.js';
import type { TransferEvent } from '../events.js';
import { reportOf } from '../account.js';
import { seededRandom } from '../seeded-order.js';
import { createTransfer, type TransferState } from '../state.js';
import { nextWakeAt, step } from '../step.js';
import { BUSY_PAUSE_MS_MAX, BUSY_PAUSE_MS_MIN } from '../limits.js';
import { EventQueue } from './event-queue.js';
import { SimulatedLink, type SourcePlan } from './simulated-source.js';
import type { SwarmPlan, SwarmResult } from './swarm-plan.js';

interface Connection {
  readonly plan: SourcePlan;
  link: SimulatedLink | undefined;
  readonly have: Set<number>;
  isQuarantined: boolean;
  isDraining: boolean;
  pausedUntil: number;
}

interface OpenRequest {
  readonly connection: Connection;
  readonly segment: number;
  readonly isCorrupt: boolean;
  phase: 'asked' | 'cancelling' | 'received';
}

/**
 * Runs one download against made-up holders on a virtual clock, and checks after every step what must hold whatever
 * happens. Throws an Error that names what does not.
 */
export class SimulatedSwarm {
  readonly #plan: SwarmPlan;
  readonly #clock = { now: 0 };
  readonly #queue = new EventQueue();
  readonly #random: () => number;
  readonly #state: TransferState;
  readonly #connections = new Map<string, Connection>();
  readonly #open = new Map<number, OpenRequest>();
  readonly #verified = new Set<number>();
  readonly #commands: TransferCommand[] = [];
  #buffersMax: number;
  #steps = 0;
  #outcome: SwarmResult['outcome'] | undefined;
  #isWaiting = false;

  constructor(plan: SwarmPlan) {
    this.#plan = plan;
    this.#buffersMax = plan.buffersMax;
    this.#random = seededRandom(plan.seed ^ 0x5eed);
    this.#state = createTransfer({
      fileBytes: plan.fileBytes,
      verified: new Bitmap(segmentCountOf(plan.fileBytes)),
      seed: plan.seed,
      holderWaitMs: plan.holderWaitMs,
      buffersMax: plan.buffersMax,
      now: 0,
    });
    for (const source of plan.sources) this.#add(source);
    for (const change of plan.buffers ?? []) {
      this.#queue.add(change.at, () => {
        this.#buffersMax = change.segmentsMax;
        this.#step({ kind: 'buffers_granted', segmentsMax: change.segmentsMax });
      });
    }
  }

  run(): SwarmResult {
    this.#queue.add(0, () => this.#step({ kind: 'tick' }));
    while (this.#outcome === undefined) {
      const wakeAt = nextWakeAt(this.#state) ?? Infinity;
      const at = Math.min(this.#queue.nextAt, wakeAt);
      check(
        at < this.#plan.endMs,
        `nothing ends it by ${this.#plan.endMs} ms: ${this.#verified.size} verified, waiting ${this.#isWaiting}`,
      );
      check(this.#queue.nextAt <= wakeAt || wakeAt > this.#clock.now, 'it wants to wake in the past');
      this.#clock.now = Math.max(this.#clock.now, at);
      if (this.#queue.nextAt <= wakeAt) this.#queue.take()();
      else this.#step({ kind: 'tick' });
    }
    return {
      outcome: this.#outcome,
      endedAt: this.#clock.now,
      steps: this.#steps,
      commands: this.#commands,
      report: reportOf(this.#state),
      state: this.#state,
    };
  }

  #add(plan: SourcePlan): void {
    const count = segmentCountOf(this.#plan.fileBytes);
    const have = new Set(plan.have ?? Array.from({ length: count }, (_, segment) => segment));
    const connection: Connection = { plan, link: undefined, have, isQuarantined: false, isDraining: false, pausedUntil: 0 };
    this.#connections.set(plan.id, connection);
    for (const { from, to } of plan.present) {
      this.#queue.add(from, () => this.#join(connection));
      if (to !== Infinity) this.#queue.add(to, () => this.#leave(connection));
    }
    for (const gain of plan.gains ?? []) {
      this.#queue.add(gain.at, () => {
        for (const segment of gain.segments) have.add(segment);
        if (connection.link !== undefined) this.#step({ kind: 'source_gained', source: plan.id, segments: gain.segments });
      });
    }
    if (plan.drainsAt !== undefined) {
      this.#queue.add(plan.drainsAt, () => {
        connection.isDraining = true;
        if (connection.link !== undefined) this.#step({ kind: 'source_draining', source: plan.id });
      });
    }
  }

  #join(connection: Connection): void {
    const { plan } = connection;
    if (connection.link !== undefined || connection.isDraining) return;
    connection.link = new SimulatedLink(plan, {
      clock: this.#clock,
      queue: this.#queue,
      sink: {
        bytes: (request, wireBytes) => this.#step({ kind: 'bytes_received', source: plan.id, request, wireBytes }),
        received: (request) => this.#received(request),
        cancelled: (request) => {
          if (this.#open.delete(request)) this.#step({ kind: 'request_cancelled', request });
        },
      },
    });
    const count = segmentCountOf(this.#plan.fileBytes);
    const bitmap = new Bitmap(count);
    for (const segment of connection.have) bitmap.add(segment);
    this.#step({
      kind: 'source_joined',
      source: plan.id,
      have: bitmap.isFull ? 'complete' : bitmap,
      paceBytesPerSecond: plan.paceBytesPerSecond,
    });
  }

  #leave(connection: Connection): void {
    if (connection.link === undefined) return;
    connection.link.close();
    connection.link = undefined;
    for (const [request, open] of this.#open) {
      if (open.connection === connection && open.phase !== 'received') this.#open.delete(request);
    }
    this.#step({ kind: 'source_left', source: connection.plan.id });
  }

  #received(request: number): void {
    const open = this.#open.get(request);
    if (open === undefined) return;
    open.phase = 'received';
    const fileBytes = segmentLengthOf(this.#plan.fileBytes, open.segment);
    const wireBytes = Math.ceil(fileBytes * (open.connection.plan.wireRatio ?? 1));
    this.#step({ kind: 'segment_received', request, arrival: { codec: 'identity', wireBytes, fileBytes } });
    this.#queue.add(this.#clock.now + this.#plan.verifyMs, () => {
      this.#open.delete(request);
      if (!open.isCorrupt) this.#verified.add(open.segment);
      this.#step({ kind: open.isCorrupt ? 'segment_corrupt' : 'segment_verified', request });
    });
  }

  #step(event: TransferEvent): void {
    if (this.#outcome !== undefined) return;
    this.#steps++;
    for (const command of step(this.#state, event, this.#clock.now)) {
      this.#commands.push(command);
      this.#obey(command);
    }
    const { waste } = this.#state;
    check(waste.spentBytes + waste.reservedBytes <= waste.bytesMax, `hedging may waste ${waste.bytesMax} bytes`);
    check(waste.reservedBytes >= 0, 'a duel was settled twice');
    check(this.#state.attempts.size === this.#open.size || this.#outcome !== undefined, 'attempts are counted wrong');
  }

  #obey(command: TransferCommand): void {
    switch (command.kind) {
      case 'request':
        return this.#request(command);
      case 'cancel': {
        const open = this.#open.get(command.request);
        check(open?.phase === 'asked', `request ${command.request} is cancelled but not under way`);
        open.phase = 'cancelling';
        return open.connection.link?.cancel(command.request);
      }
      case 'disconnect':
        return this.#disconnect(command.source);
      case 'quarantine':
        this.#connection(command.source).isQuarantined = true;
        return undefined;
      case 'waiting':
        check(!this.#isWaiting, 'a wait begins within a wait');
        check(
          [...this.#open.values()].every((open) => open.phase === 'cancelling'),
          'it waits while something comes',
        );
        this.#isWaiting = true;
        return undefined;
      case 'resumed':
        check(this.#isWaiting, 'a wait ends that did not begin');
        this.#isWaiting = false;
        return undefined;
      case 'finish':
        check(this.#verified.size === segmentCountOf(this.#plan.fileBytes), `it finishes with ${this.#verified.size} segments`);
        this.#outcome = 'finished';
        return undefined;
      case 'fail':
        check(this.#isWaiting, 'it gives up without having waited');
        this.#outcome = 'no_holders';
        return undefined;
      default:
        return undefined;
    }
  }

  #request(command: Extract<TransferCommand, { kind: 'request' }>): void {
    const { request, segment, source } = command;
    const connection = this.#connection(source);
    const what = `request ${request} for segment ${segment} of ${source}`;
    check(connection.link !== undefined, `${what}: it is not connected`);
    check(!connection.isQuarantined, `${what}: it is quarantined`);
    check(!connection.isDraining, `${what}: it drains`);
    check(connection.pausedUntil <= this.#clock.now, `${what}: it pauses until ${connection.pausedUntil}`);
    check(connection.have.has(segment), `${what}: it does not have it`);
    check(!this.#verified.has(segment), `${what}: it is verified`);
    check(this.#open.size < this.#buffersMax, `${what}: all ${this.#buffersMax} buffers are in use`);
    const others = [...this.#open.values()].filter((open) => open.segment === segment && open.phase !== 'cancelling');
    check(others.length < 2, `${what}: it is asked for ${others.length} times already`);
    check(
      others.every((open) => open.phase === 'asked'),
      `${what}: it has come`,
    );
    check(
      others.every((open) => open.connection !== connection),
      `${what}: this source owes it already`,
    );
    const { plan } = connection;
    const roll = this.#random() / 0x1_0000_0000;
    const isCorrupt = this.#random() / 0x1_0000_0000 < (plan.corruptRatio ?? 0);
    this.#open.set(request, { connection, segment, isCorrupt, phase: 'asked' });
    if (roll < (plan.busyRatio ?? 0)) this.#refuse(connection, request, { kind: 'busy', retryAfterMs: 20 + (roll % 0.01) * 5000 });
    else if (roll < (plan.busyRatio ?? 0) + (plan.failedRatio ?? 0)) this.#refuse(connection, request, { kind: 'failed' });
    else connection.link.ask(request, Math.ceil(segmentLengthOf(this.#plan.fileBytes, segment) * (plan.wireRatio ?? 1)));
  }

  #refuse(connection: Connection, request: number, refusal: Extract<TransferEvent, { kind: 'request_refused' }>['refusal']): void {
    const { link } = connection;
    this.#queue.add(this.#clock.now + 2 * connection.plan.latencyMs + 0.1, () => {
      if (connection.link !== link || !this.#open.delete(request)) return;
      if (refusal.kind === 'busy') {
        const pauseMs = Math.min(Math.max(refusal.retryAfterMs, BUSY_PAUSE_MS_MIN), BUSY_PAUSE_MS_MAX);
        connection.pausedUntil = Math.max(connection.pausedUntil, this.#clock.now + pauseMs);
      }
      this.#step({ kind: 'request_refused', request, refusal });
    });
  }

  /** As the runner does: the link is closed, every request on it ends, then the source has left. */
  #disconnect(id: string): void {
    const connection = this.#connection(id);
    check(connection.link !== undefined, `${id} is disconnected twice`);
    connection.link.close();
    for (const open of this.#open.values()) if (open.connection === connection && open.phase === 'asked') open.phase = 'cancelling';
    this.#queue.add(this.#clock.now, () => {
      for (const [request, open] of this.#open) {
        if (open.connection !== connection || open.phase === 'received') continue;
        this.#open.delete(request);
        this.#step({ kind: 'request_cancelled', request });
      }
      connection.link = undefined;
      this.#step({ kind: 'source_left', source: id });
      const { now } = this.#clock;
      const { rates, present } = connection.plan;
      const backAt = rates.find((rate, index) => (rates[index + 1]?.at ?? Infinity) > now && rate.bytesPerSecond > 0)?.at ?? Infinity;
      const joinAt = Math.max(backAt, now) + 500;
      if (present.some(({ from, to }) => from <= joinAt && joinAt < to)) this.#queue.add(joinAt, () => this.#join(connection));
    });
  }

  #connection(id: string): Connection {
    const connection = this.#connections.get(id);
    check(connection !== undefined, `there is no source ${id}`);
    return connection;
  }
}

function check(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}
