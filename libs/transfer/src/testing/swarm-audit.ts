import { segmentCountOf, segmentLengthOf } from '@p2p/protocol';
import { reportOf } from '../account.js';
import type { TransferCommand } from '../commands.js';
import { HEDGE_WASTE_RATIO_MAX, HEDGE_WASTE_SEGMENTS_MIN, HEARTBEAT_MS, SILENCE_MS_MAX, WINDOW_SEGMENTS_MAX } from '../limits.js';
import type { TransferState } from '../state.js';
import type { SwarmPlan } from './swarm-plan.js';
import { check, type Connection, type OpenRequest, type SwarmWorld } from './swarm-world.js';

/** Looking for a rarer segment costs a pass over the file for each request: one seed in so many does. */
const RAREST_EVERY = 4;

/**
 * What must hold after every step, whatever happens, told from what the scheduler said and what came: not from what it
 * believes, but where the two must agree. Every check throws an Error that names what does not hold.
 */
export class SwarmAudit {
  /** Bytes received that did not become a verified segment: of requests that were called off, and of all. */
  calledOffBytes = 0;
  beyondBytes = 0;
  readonly #plan: SwarmPlan;
  readonly #world: SwarmWorld;
  readonly #segmentCount: number;
  readonly #hedgeBytesMax: number;
  /** Segments that somebody owed and did not deliver: to be asked for before all others. */
  readonly #returned = new Set<number>();
  #wireBytes = 0;
  /** Bytes that sources owed when they were lost, lied, or failed. */
  #lostBytes = 0;

  constructor(plan: SwarmPlan, world: SwarmWorld) {
    this.#plan = plan;
    this.#world = world;
    this.#segmentCount = segmentCountOf(plan.fileBytes);
    const segmentBytes = this.#segmentCount === 0 ? 0 : segmentLengthOf(plan.fileBytes, 0);
    this.#hedgeBytesMax = Math.max(HEDGE_WASTE_RATIO_MAX * plan.fileBytes, HEDGE_WASTE_SEGMENTS_MIN * segmentBytes);
  }

  bytes(request: OpenRequest, wireBytes: number): void {
    request.wireBytes += wireBytes;
    this.#wireBytes += wireBytes;
  }

  /** Before `command` is obeyed at `now`. */
  requested(command: Extract<TransferCommand, { kind: 'request' }>, connection: Connection, now: number): void {
    const { request, segment, source } = command;
    const what = `request ${request} for segment ${segment} of ${source}`;
    const { open, verified, buffersMax } = this.#world;
    check(connection.link !== undefined && !connection.isLeaving, `${what}: it is not connected`);
    check(!connection.isQuarantined, `${what}: it is quarantined`);
    check(!connection.isDraining, `${what}: it drains`);
    check(connection.pausedUntil <= now, `${what}: it pauses until ${connection.pausedUntil}`);
    check(connection.have.has(segment), `${what}: it does not have it`);
    check(!verified.has(segment), `${what}: it is verified`);
    check(open.size < buffersMax, `${what}: all ${buffersMax} buffers are in use`);
    let owed = 0;
    const others: OpenRequest[] = [];
    for (const each of open.values()) {
      if (each.connection === connection && each.phase === 'asked') owed++;
      if (each.segment === segment && each.phase !== 'cancelling') others.push(each);
    }
    check(owed < WINDOW_SEGMENTS_MAX, `${what}: it owes ${owed} segments`);
    check(others.length < 2, `${what}: it is asked for ${others.length} times already`);
    check(
      others.every((other) => other.phase === 'asked'),
      `${what}: it has come`,
    );
    check(
      others.every((other) => other.connection !== connection),
      `${what}: this source owes it already`,
    );
    check((command.cause === 'hedge') === others.length > 0, `${what}: a hedge is what is asked of two`);
    if (others.length === 0 && !this.#returned.delete(segment)) this.#isNext(what, segment, connection);
  }

  /** Its buffer is free, and it did not become a verified segment. */
  ended(request: OpenRequest): void {
    this.beyondBytes += request.wireBytes;
    if (request.isCalledOff) this.calledOffBytes += request.wireBytes;
    else this.#lostBytes += segmentLengthOf(this.#plan.fileBytes, request.segment);
    this.returned(request.segment);
  }

  /** Nobody owes it any more, unless someone does. */
  returned(segment: number): void {
    if (this.#world.verified.has(segment)) return;
    for (const other of this.#world.open.values()) if (other.segment === segment && other.phase !== 'cancelling') return;
    this.#returned.add(segment);
  }

  waits(): void {
    check(!this.#world.isWaiting, 'a wait begins within a wait');
    for (const open of this.#world.open.values()) check(open.phase === 'cancelling', 'it waits while something comes');
    this.#world.isWaiting = true;
  }

  resumes(): void {
    check(this.#world.isWaiting, 'a wait ends that did not begin');
    this.#world.isWaiting = false;
  }

  stepped(state: TransferState, now: number, hasEnded: boolean): void {
    const { open, verified } = this.#world;
    const { waste } = state;
    check(this.calledOffBytes <= this.#hedgeBytesMax, `hedging wasted ${this.calledOffBytes} of ${this.#hedgeBytesMax} bytes`);
    check(waste.spentBytes + waste.reservedBytes <= waste.bytesMax, `hedging may waste ${waste.bytesMax} bytes`);
    check(waste.reservedBytes >= 0, 'a duel was settled twice');
    check(waste.reservedBytes <= open.size * state.segmentBytes, 'a duel was not settled');
    check(this.calledOffBytes <= waste.spentBytes, () => `${waste.spentBytes} bytes are accounted for ${this.calledOffBytes} wasted`);
    check(
      this.beyondBytes <= this.#lostBytes + this.#hedgeBytesMax,
      `${this.beyondBytes} bytes beyond the file, ${this.#lostBytes} were lost`,
    );
    if (hasEnded) return;
    check(state.attempts.size === open.size, () => `${state.attempts.size} attempts for ${open.size} requests`);
    const underWay = new Set<number>();
    for (const { segment, phase } of open.values()) if (phase !== 'cancelling' && !verified.has(segment)) underWay.add(segment);
    const known = verified.size + underWay.size + state.missing.count;
    check(known === this.#segmentCount, () => `${verified.size} verified + ${underWay.size} under way + ${state.missing.count} missing`);
    check(state.front.size <= state.missing.count, 'what is asked for first is not missing');
    this.#goesOn(state, now);
  }

  finished(state: TransferState): void {
    const report = reportOf(state);
    check(this.#world.verified.size === this.#segmentCount, `it finishes with ${this.#world.verified.size} segments`);
    check(report.verifiedBytes === this.#plan.fileBytes, `it reports ${report.verifiedBytes} bytes`);
    check(report.wireBytes === this.#wireBytes, `it reports ${report.wireBytes} of ${this.#wireBytes} bytes received`);
    check(report.wastedBytes === this.beyondBytes, `it reports ${report.wastedBytes} of ${this.beyondBytes} bytes wasted`);
  }

  /** Whether `segment` is what is due: nothing that was lost before, and nothing that fewer have. */
  #isNext(what: string, segment: number, connection: Connection): void {
    for (const other of this.#returned) {
      check(!connection.have.has(other), `${what}: segment ${other} was lost and waits`);
    }
    if (this.#plan.seed % RAREST_EVERY !== 0) return;
    const { open, verified } = this.#world;
    const taken = new Set<number>();
    for (const each of open.values()) if (each.phase !== 'cancelling') taken.add(each.segment);
    const mine = this.#holders(segment);
    for (const other of connection.have) {
      if (other === segment || taken.has(other) || verified.has(other)) continue;
      check(this.#holders(other) >= mine, `${what}: ${mine} have it, and fewer have segment ${other}`);
    }
  }

  #holders(segment: number): number {
    let holders = 0;
    for (const { link, isLeaving, isDraining, isQuarantined, have } of this.#world.connections.values()) {
      if (link !== undefined && !isLeaving && !isDraining && !isQuarantined && have.has(segment)) holders++;
    }
    return holders;
  }

  /** Something is under way, or it says that it waits, or it waits for one who asked for patience; and nobody is silent for ever. */
  #goesOn(state: TransferState, now: number): void {
    const { open, isWaiting, connections } = this.#world;
    const stallMs = (this.#plan.stalls ?? []).reduce((sum, { ms }) => sum + ms, 0);
    for (const { connection, phase, askedAt } of open.values()) {
      const silentMs = now - Math.max(connection.heardAt, askedAt);
      const silentMsMax = SILENCE_MS_MAX + 2 * HEARTBEAT_MS + 2 * stallMs;
      check(phase !== 'asked' || !connection.isQuarantined, `${connection.plan.id} lied and still owes something`);
      check(phase !== 'asked' || silentMs <= silentMsMax, `nothing came from ${connection.plan.id} for ${silentMs} ms`);
    }
    if (isWaiting || [...open.values()].some(({ phase }) => phase !== 'cancelling')) return;
    // A called off request may occupy the last buffer.
    if (open.size >= this.#world.buffersMax) return;
    const isPaused = ({ plan, link }: Connection): boolean => link !== undefined && (state.sources.get(plan.id)?.pausedUntil ?? 0) > now;
    check([...connections.values()].some(isPaused), 'nothing is under way, and it does not say that it waits');
  }
}
