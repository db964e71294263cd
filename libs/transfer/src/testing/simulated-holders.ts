import { segmentCountOf } from '@p2p/protocol';
import type { TransferEvent } from '../events.js';
import type { EventQueue } from './event-queue.js';
import type { SourcePlan } from './simulated-source.js';
import type { SwarmPlan } from './swarm-plan.js';
import type { Connection } from './swarm-world.js';

/** From a holder being looked for to its being connected, in ms. */
const FIND_MS = 5;

/** What becomes of a holder that is heard of, or goes. */
interface HoldersSink {
  join(connection: Connection): void;
  leave(connection: Connection): void;
  step(event: TransferEvent): void;
}

/** The holders of a swarm as the diary tells of them: who comes, goes, gains and drains, and when that is heard of. */
export class SimulatedHolders {
  readonly connections = new Map<string, Connection>();
  readonly #plan: SwarmPlan;
  readonly #clock: { readonly now: number };
  readonly #queue: EventQueue;
  readonly #sink: HoldersSink;

  constructor(plan: SwarmPlan, components: { clock: { readonly now: number }; queue: EventQueue; sink: HoldersSink }) {
    this.#plan = plan;
    this.#clock = components.clock;
    this.#queue = components.queue;
    this.#sink = components.sink;
    for (const source of plan.sources) this.#add(source);
  }

  /** Standby holders are told of, when the diary is there to tell. */
  find(): void {
    if (this.#outageAt(this.#clock.now) !== undefined) return;
    for (const connection of this.connections.values()) {
      if (connection.plan.isStandby !== true || connection.link !== undefined) continue;
      this.#queue.add(this.#clock.now + FIND_MS, () => this.#hear(connection));
    }
  }

  #add(plan: SourcePlan): void {
    const count = segmentCountOf(this.#plan.fileBytes);
    const have = new Set(plan.have ?? Array.from({ length: count }, (_, segment) => segment));
    const flags = { isQuarantined: false, isDraining: false, isLeaving: false };
    const connection: Connection = { plan, link: undefined, have, ...flags, pausedUntil: 0, heardAt: 0 };
    this.connections.set(plan.id, connection);
    for (const { from, to } of plan.present) {
      if (plan.isStandby !== true) this.#queue.add(from, () => this.#hear(connection));
      if (to !== Infinity) this.#queue.add(to, () => this.#sink.leave(connection));
    }
    for (const gain of plan.gains ?? []) {
      this.#queue.add(gain.at, () => {
        for (const segment of gain.segments) have.add(segment);
        if (connection.link !== undefined) this.#sink.step({ kind: 'source_gained', source: plan.id, segments: gain.segments });
      });
    }
    if (plan.drainsAt === undefined) return;
    this.#queue.add(plan.drainsAt, () => {
      connection.isDraining = true;
      if (connection.link !== undefined) this.#sink.step({ kind: 'source_draining', source: plan.id });
    });
  }

  /** The diary tells of a holder, as soon as it is there to tell. */
  #hear(connection: Connection): void {
    const { now } = this.#clock;
    const outage = this.#outageAt(now);
    if (outage !== undefined) this.#queue.add(outage.to, () => this.#hear(connection));
    else if (isPresent(connection.plan, now)) this.#sink.join(connection);
  }

  #outageAt(now: number): { readonly to: number } | undefined {
    return this.#plan.outages?.find(({ from, to }) => from <= now && now < to);
  }
}

export function isPresent(plan: SourcePlan, now: number): boolean {
  return plan.present.some(({ from, to }) => from <= now && now < to);
}
