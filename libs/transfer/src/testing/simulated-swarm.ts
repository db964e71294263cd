import { Bitmap, segmentCountOf, segmentLengthOf } from '@p2p/protocol';
import { reportOf } from '../account.js';
import type { TransferCommand } from '../commands.js';
import type { TransferEvent } from '../events.js';
import { seededRandom } from '../seeded-order.js';
import { createTransfer, type TransferState } from '../state.js';
import { nextWakeAt, step } from '../step.js';
import { BUSY_PAUSE_MS_MAX, BUSY_PAUSE_MS_MIN } from '../limits.js';
import { EventQueue } from './event-queue.js';
import { Pipe } from './pipe.js';
import { isPresent, SimulatedHolders } from './simulated-holders.js';
import { SimulatedLink } from './simulated-source.js';
import { SwarmAudit } from './swarm-audit.js';
import type { SwarmPlan, SwarmResult } from './swarm-plan.js';
import { check, type Connection, type OpenRequest, type SwarmWorld } from './swarm-world.js';
import { Trace } from './trace.js';

/** From a silent source being given up to its being connected again, in ms. */
const RECONNECT_MS = 500;

/**
 * Runs one download against made-up holders on a virtual clock, and checks after every step what must hold whatever
 * happens. Throws an Error that names what does not, with what happened last.
 */
export class SimulatedSwarm {
  readonly #plan: SwarmPlan;
  readonly #clock = { now: 0 };
  readonly #queue = new EventQueue();
  readonly #random: () => number;
  readonly #state: TransferState;
  readonly #holders: SimulatedHolders;
  readonly #world: SwarmWorld;
  readonly #audit: SwarmAudit;
  readonly #trace = new Trace();
  readonly #downlink: Pipe;
  readonly #commands: TransferCommand[] = [];
  #steps = 0;
  #outcome: SwarmResult['outcome'] | undefined;

  constructor(plan: SwarmPlan) {
    this.#plan = plan;
    const sink = {
      join: (connection: Connection) => this.#join(connection),
      leave: (connection: Connection) => this.#leave(connection),
      step: (event: TransferEvent) => this.#step(event),
    };
    this.#holders = new SimulatedHolders(plan, { clock: this.#clock, queue: this.#queue, sink });
    const { connections } = this.#holders;
    this.#world = { connections, open: new Map(), verified: new Set(), buffersMax: plan.buffersMax, isWaiting: false };
    this.#audit = new SwarmAudit(plan, this.#world);
    this.#downlink = new Pipe(plan.downBytesPerSecond ?? Infinity);
    this.#random = seededRandom(plan.seed ^ 0x5eed);
    this.#state = createTransfer({
      fileBytes: plan.fileBytes,
      verified: new Bitmap(segmentCountOf(plan.fileBytes)),
      self: 'downloader',
      seed: plan.seed,
      holderWaitMs: plan.holderWaitMs,
      buffersMax: plan.buffersMax,
      now: 0,
    });
    for (const change of plan.buffers ?? []) {
      this.#queue.add(change.at, () => {
        this.#world.buffersMax = change.segmentsMax;
        this.#step({ kind: 'buffers_granted', segmentsMax: change.segmentsMax });
      });
    }
    for (const { at, ms } of plan.stalls ?? []) this.#queue.add(at, () => (this.#clock.now += ms));
  }

  run(): SwarmResult {
    try {
      return this.#run();
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      throw new Error(
        `SEED=${this.#plan.seed}: at ${this.#clock.now.toFixed(3)} ms: ${what}\nthe latest events and commands:\n${this.#trace.toString()}`,
        { cause },
      );
    }
  }

  #run(): SwarmResult {
    this.#queue.add(0, () => this.#step({ kind: 'tick' }));
    while (this.#outcome === undefined) {
      const wakeAt = nextWakeAt(this.#state) ?? Infinity;
      const at = Math.min(this.#queue.nextAt, wakeAt);
      const { verified, isWaiting } = this.#world;
      check(at < this.#plan.endMs, `nothing ends it by ${this.#plan.endMs} ms: ${verified.size} verified, waiting ${isWaiting}`);
      this.#clock.now = Math.max(this.#clock.now, at);
      if (this.#queue.nextAt <= wakeAt) this.#queue.take()();
      else {
        this.#step({ kind: 'tick' });
        check((nextWakeAt(this.#state) ?? Infinity) > this.#clock.now, 'it wants to wake in the past');
      }
    }
    return {
      outcome: this.#outcome,
      endedAt: this.#clock.now,
      steps: this.#steps,
      commands: this.#commands,
      report: reportOf(this.#state),
      state: this.#state,
      calledOffBytes: this.#audit.calledOffBytes,
      beyondBytes: this.#audit.beyondBytes,
    };
  }

  #join(connection: Connection): void {
    const { plan } = connection;
    if (connection.link !== undefined || connection.isDraining) return;
    connection.isLeaving = false;
    connection.heardAt = this.#clock.now;
    const sink = {
      bytes: (request: number, wireBytes: number) => this.#bytes(connection, request, wireBytes),
      received: (request: number) => this.#received(request),
      cancelled: (request: number) => this.#cancelled(request),
    };
    const seed = this.#random();
    connection.link = new SimulatedLink(plan, { clock: this.#clock, queue: this.#queue, sink, downlink: this.#downlink, seed });
    const bitmap = new Bitmap(segmentCountOf(this.#plan.fileBytes));
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
    for (const [request, open] of this.#world.open) {
      if (open.connection === connection && open.phase !== 'received') this.#endOf(request);
    }
    this.#step({ kind: 'source_left', source: connection.plan.id });
  }

  /** It is over and brought nothing. */
  #endOf(request: number): OpenRequest | undefined {
    const open = this.#world.open.get(request);
    if (open === undefined) return undefined;
    this.#world.open.delete(request);
    this.#audit.ended(open);
    return open;
  }

  #bytes(connection: Connection, request: number, wireBytes: number): void {
    const open = this.#world.open.get(request);
    connection.heardAt = this.#clock.now;
    if (open !== undefined) this.#audit.bytes(open, wireBytes);
    this.#step({ kind: 'bytes_received', source: connection.plan.id, request, wireBytes });
  }

  #cancelled(request: number): void {
    if (this.#endOf(request) !== undefined) this.#step({ kind: 'request_cancelled', request });
  }

  /** As the runner does: what was called off is dropped, even when it comes whole; all else is verified. */
  #received(request: number): void {
    const open = this.#world.open.get(request);
    if (open === undefined) return;
    if (open.phase === 'cancelling') return this.#cancelled(request);
    open.phase = 'received';
    const fileBytes = segmentLengthOf(this.#plan.fileBytes, open.segment);
    this.#step({ kind: 'segment_received', request, arrival: { codec: 'identity', wireBytes: open.wireBytes, fileBytes } });
    this.#queue.add(this.#clock.now + this.#plan.verifyMs, () => {
      const { connection, segment, isCorrupt } = open;
      if (isCorrupt) {
        this.#endOf(request);
        this.#step({ kind: 'segment_corrupt', request });
        check(connection.isQuarantined, `${connection.plan.id} lied and is trusted`);
        return;
      }
      this.#world.open.delete(request);
      check(!this.#world.verified.has(segment), `segment ${segment} is verified a second time`);
      this.#world.verified.add(segment);
      this.#step({ kind: 'segment_verified', request });
    });
  }

  #step(event: TransferEvent): void {
    if (this.#outcome !== undefined) return;
    const { now } = this.#clock;
    this.#steps++;
    this.#trace.note(now, event);
    for (const command of step(this.#state, event, now)) {
      this.#commands.push(command);
      this.#trace.note(now, command);
      this.#obey(command);
    }
    this.#audit.stepped(this.#state, now, this.#outcome !== undefined);
  }

  #obey(command: TransferCommand): void {
    switch (command.kind) {
      case 'request':
        return this.#request(command);
      case 'cancel':
        return this.#cancel(command.request);
      case 'disconnect':
        return this.#disconnect(command.source);
      case 'quarantine':
        this.#connection(command.source).isQuarantined = true;
        return undefined;
      case 'find_holders':
        return this.#holders.find();
      case 'waiting':
        return this.#audit.waits();
      case 'resumed':
        return this.#audit.resumes();
      case 'finish':
        this.#audit.finished(this.#state);
        this.#outcome = 'finished';
        return undefined;
      case 'fail':
        check(this.#world.isWaiting, 'it gives up without having waited');
        this.#outcome = 'no_holders';
        return undefined;
      case 'redistributed':
        return undefined;
    }
  }

  #cancel(request: number): void {
    const open = this.#world.open.get(request);
    check(open?.phase === 'asked', `request ${request} is cancelled but not under way`);
    open.phase = 'cancelling';
    open.isCalledOff = !open.connection.isQuarantined;
    this.#audit.returned(open.segment);
    open.connection.link?.cancel(request);
  }

  #request(command: Extract<TransferCommand, { kind: 'request' }>): void {
    const { request, segment, source } = command;
    const connection = this.#connection(source);
    this.#audit.requested(command, connection, this.#clock.now);
    const { link } = connection;
    check(link !== undefined, `${source} is not connected`);
    const { plan } = connection;
    const roll = this.#random() / 0x1_0000_0000;
    const isCorrupt = this.#random() / 0x1_0000_0000 < (plan.corruptRatio ?? 0);
    const open = { connection, segment, isCorrupt, askedAt: this.#clock.now, phase: 'asked', wireBytes: 0, isCalledOff: false } as const;
    this.#world.open.set(request, { ...open });
    let below = 0;
    const falls = (ratio = 0): boolean => roll < (below += ratio);
    if (falls(plan.busyRatio)) this.#refuse(connection, request, { kind: 'busy', retryAfterMs: 20 + (roll % 0.01) * 5000 });
    else if (falls(plan.failedRatio)) this.#refuse(connection, request, { kind: 'failed' });
    else if (falls(plan.lackingRatio)) this.#refuse(connection, request, { kind: 'not_held' });
    else link.ask(request, Math.ceil(segmentLengthOf(this.#plan.fileBytes, segment) * (plan.wireRatio ?? 1)));
  }

  #refuse(connection: Connection, request: number, refusal: Extract<TransferEvent, { kind: 'request_refused' }>['refusal']): void {
    const { link } = connection;
    this.#queue.add(this.#clock.now + 2 * connection.plan.latencyMs + 0.1, () => {
      if (connection.link !== link) return;
      const open = this.#endOf(request);
      if (open === undefined) return;
      if (refusal.kind === 'not_held') connection.have.delete(open.segment);
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
    check(connection.link !== undefined && !connection.isLeaving, `${id} is disconnected twice`);
    connection.link.close();
    connection.isLeaving = true;
    for (const open of this.#world.open.values()) {
      if (open.connection !== connection || open.phase !== 'asked') continue;
      open.phase = 'cancelling';
      this.#audit.returned(open.segment);
    }
    this.#queue.add(this.#clock.now, () => {
      for (const [request, open] of this.#world.open) {
        if (open.connection === connection && open.phase !== 'received') this.#cancelled(request);
      }
      connection.link = undefined;
      this.#step({ kind: 'source_left', source: id });
      const { now } = this.#clock;
      const { rates } = connection.plan;
      const backAt = rates.find((rate, index) => (rates[index + 1]?.at ?? Infinity) > now && rate.bytesPerSecond > 0)?.at ?? Infinity;
      const joinAt = Math.max(backAt, now) + RECONNECT_MS;
      if (isPresent(connection.plan, joinAt)) this.#queue.add(joinAt, () => this.#join(connection));
    });
  }

  #connection(id: string): Connection {
    const connection = this.#world.connections.get(id);
    check(connection !== undefined, `there is no source ${id}`);
    return connection;
  }
}
