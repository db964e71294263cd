import { Bitmap, segmentCountOf, segmentLengthOf } from '@p2p/protocol';
import type { TransferCommand } from '../commands.js';
import type { TransferEvent } from '../events.js';
import { seededRandom } from '../seeded-order.js';
import { createTransfer, type TransferState } from '../state.js';
import { nextWakeAt, step } from '../step.js';
import { EventQueue } from './event-queue.js';
import { Pipe } from './pipe.js';
import { SimulatedLink, type SourcePlan } from './simulated-source.js';
import { check } from './swarm-world.js';

/** From a connection being taken for lost to its being made again, in ms. */
const RECONNECT_MS = 500;

/** A file, one holder of it, and those that want it at the same moment. */
export interface CrowdPlan {
  readonly seed: number;
  readonly downloaders: number;
  readonly fileBytes: number;
  /** What every peer's link carries, each way, but for those of `links`. */
  readonly bytesPerSecond: number;
  /** The links of some downloaders, the first being 1. */
  readonly links?: ReadonlyMap<number, { readonly upBytesPerSecond: number; readonly downBytesPerSecond: number }>;
  readonly latencyMs: number;
  readonly lumpBytes: number;
  /** Sources that one downloader is connected to, at most. */
  readonly sourcesMax: number;
  readonly buffersMax: number;
  /** Verified segments are told to others together, this often, in ms. */
  readonly gainsMs: number;
  readonly endMs: number;
}

export interface CrowdResult {
  /** When each finished, in ms. */
  readonly endedAt: readonly number[];
  /** Times that the first holder sent the file. */
  readonly copiesOfFirst: number;
  readonly wastedBytes: number;
  /** Connections that were taken for lost. */
  readonly disconnects: number;
  readonly steps: number;
}

interface Peer {
  readonly id: string;
  readonly uplink: Pipe;
  readonly downlink: Pipe;
  /** Undefined for the first holder, which has everything. */
  readonly state: TransferState | undefined;
  readonly have: Bitmap;
  /** Who was named this peer, and is told what it gains from its first segment on. */
  readonly watchers: Peer[];
  gained: number[];
  readonly links: Map<string, SimulatedLink>;
  /** Segments asked for, by request. */
  readonly open: Map<number, { readonly segment: number; readonly from: Peer; isCancelled: boolean }>;
  wakeAt: number;
  endedAt: number | undefined;
}

/** Downloads that feed each other: every peer runs the scheduler as it is, and serves what it has. */
export class SimulatedCrowd {
  readonly #plan: CrowdPlan;
  readonly #clock = { now: 0 };
  readonly #queue = new EventQueue();
  readonly #random: () => number;
  readonly #first: Peer;
  readonly #downloaders: Peer[];
  readonly #peers: Peer[];
  #left: number;
  #steps = 0;
  #bytesOfFirst = 0;
  #disconnects = 0;

  constructor(plan: CrowdPlan) {
    this.#plan = plan;
    this.#random = seededRandom(plan.seed);
    this.#left = plan.downloaders;
    this.#first = this.#peer(0);
    this.#downloaders = Array.from({ length: plan.downloaders }, (_, index) => this.#peer(index + 1));
    this.#peers = [this.#first, ...this.#downloaders];
    for (const peer of this.#downloaders) {
      this.#queue.add(0, () => this.#join(peer, this.#first));
      for (const other of this.#named(peer)) other.watchers.push(peer);
    }
  }

  run(): CrowdResult {
    while (this.#left > 0) {
      check(this.#queue.nextAt < this.#plan.endMs, `${this.#left} have not finished by ${this.#plan.endMs} ms`);
      this.#clock.now = this.#queue.nextAt;
      this.#queue.take()();
    }
    return {
      endedAt: this.#downloaders.map(({ endedAt }) => endedAt ?? NaN),
      copiesOfFirst: this.#bytesOfFirst / this.#plan.fileBytes,
      wastedBytes: this.#downloaders.reduce((sum, { state }) => sum + (state?.account.wastedBytes ?? 0), 0),
      disconnects: this.#disconnects,
      steps: this.#steps,
    };
  }

  #peer(index: number): Peer {
    const { fileBytes, bytesPerSecond, links, buffersMax, seed } = this.#plan;
    const link = links?.get(index);
    const empty = (): Bitmap => new Bitmap(segmentCountOf(fileBytes));
    const self = `peer-${index}`;
    const settings = { fileBytes, verified: empty(), self, seed: seed * 10_007 + index, holderWaitMs: 10_000, buffersMax, now: 0 };
    return {
      id: self,
      uplink: new Pipe(link?.upBytesPerSecond ?? bytesPerSecond),
      downlink: new Pipe(link?.downBytesPerSecond ?? bytesPerSecond),
      state: index === 0 ? undefined : createTransfer(settings),
      have: empty(),
      watchers: [],
      gained: [],
      links: new Map(),
      open: new Map(),
      wakeAt: Infinity,
      endedAt: undefined,
    };
  }

  /** Whom the diary names to `peer`, beside the first holder. */
  #named(peer: Peer): Peer[] {
    const others = this.#downloaders.filter((other) => other !== peer);
    const count = Math.min(this.#plan.sourcesMax - 1, others.length);
    for (let place = 0; place < count; place++) {
      const other = place + Math.floor((this.#random() / 0x1_0000_0000) * (others.length - place));
      const [one, two] = [others[place], others[other]];
      if (one !== undefined && two !== undefined) [others[place], others[other]] = [two, one];
    }
    return others.slice(0, count);
  }

  #join(peer: Peer, source: Peer): void {
    if (peer.endedAt !== undefined || peer.links.has(source.id)) return;
    const { bytesPerSecond, latencyMs, lumpBytes } = this.#plan;
    const rates = [{ at: 0, bytesPerSecond }];
    const plan: SourcePlan = { id: source.id, rates, latencyMs, lumpBytes, paceBytesPerSecond: 0, present: [] };
    const sink = {
      bytes: (request: number, wireBytes: number) => {
        if (source === this.#first) this.#bytesOfFirst += wireBytes;
        this.#step(peer, { kind: 'bytes_received', source: source.id, request, wireBytes });
      },
      received: (request: number) => this.#received(peer, request),
      cancelled: (request: number) => this.#cancelled(peer, request),
    };
    const ends = { downlink: peer.downlink, uplink: source.uplink };
    peer.links.set(source.id, new SimulatedLink(plan, { clock: this.#clock, queue: this.#queue, sink, ...ends, seed: 1 }));
    const have = source === this.#first ? 'complete' : copyOf(source.have);
    this.#step(peer, { kind: 'source_joined', source: source.id, have, paceBytesPerSecond: 0 });
  }

  #step(peer: Peer, event: TransferEvent): void {
    const { state } = peer;
    if (state === undefined || peer.endedAt !== undefined) return;
    this.#steps++;
    for (const command of step(state, event, this.#clock.now)) this.#obey(peer, command);
    const wakeAt = nextWakeAt(state) ?? Infinity;
    if (wakeAt >= peer.wakeAt) return;
    peer.wakeAt = wakeAt;
    this.#queue.add(wakeAt, () => {
      if (peer.wakeAt !== wakeAt) return;
      peer.wakeAt = Infinity;
      this.#step(peer, { kind: 'tick' });
    });
  }

  #obey(peer: Peer, command: TransferCommand): void {
    switch (command.kind) {
      case 'request':
        return this.#request(peer, command);
      case 'cancel': {
        const open = peer.open.get(command.request);
        check(open?.isCancelled === false, `${peer.id} cancels what is not under way`);
        open.isCancelled = true;
        return peer.links.get(command.source)?.cancel(command.request);
      }
      case 'disconnect':
        return this.#disconnect(peer, command.source);
      case 'finish':
        peer.endedAt = this.#clock.now;
        this.#left--;
        return undefined;
      case 'redistributed':
      case 'find_holders':
        return undefined;
      default:
        throw new Error(`everybody is honest and stays, and ${peer.id} says ${JSON.stringify(command)}`);
    }
  }

  /** It is taken for lost, and connected again. */
  #disconnect(peer: Peer, source: string): void {
    this.#disconnects++;
    peer.links.get(source)?.close();
    this.#queue.add(this.#clock.now, () => {
      for (const [request, { from }] of peer.open) if (from.id === source) this.#cancelled(peer, request);
      peer.links.delete(source);
      this.#step(peer, { kind: 'source_left', source });
    });
    const from = this.#peers[Number(source.slice('peer-'.length))];
    check(from !== undefined, `there is no ${source}`);
    this.#queue.add(this.#clock.now + RECONNECT_MS, () => this.#join(peer, from));
  }

  #request(peer: Peer, { request, segment, source }: Extract<TransferCommand, { kind: 'request' }>): void {
    const from = this.#peers[Number(source.slice('peer-'.length))];
    const link = peer.links.get(source);
    check(link !== undefined && from !== undefined, `${peer.id} asks ${source}, to which it is not connected`);
    check(from === this.#first || from.have.has(segment), `${peer.id} asks ${source} for segment ${segment}, which it does not have`);
    peer.open.set(request, { segment, from, isCancelled: false });
    link.ask(request, segmentLengthOf(this.#plan.fileBytes, segment));
  }

  #cancelled(peer: Peer, request: number): void {
    if (peer.open.delete(request)) this.#step(peer, { kind: 'request_cancelled', request });
  }

  #received(peer: Peer, request: number): void {
    const open = peer.open.get(request);
    if (open === undefined) return;
    if (open.isCancelled) return this.#cancelled(peer, request);
    const { segment } = open;
    const fileBytes = segmentLengthOf(this.#plan.fileBytes, segment);
    this.#step(peer, { kind: 'segment_received', request, arrival: { codec: 'identity', wireBytes: fileBytes, fileBytes } });
    peer.open.delete(request);
    peer.have.add(segment);
    this.#gain(peer, segment);
    this.#step(peer, { kind: 'segment_verified', request });
  }

  /** The first segment makes a holder of it; all further ones are told in batches. */
  #gain(peer: Peer, segment: number): void {
    if (peer.have.count === 1) {
      for (const watcher of peer.watchers) this.#queue.add(this.#clock.now + 2 * this.#plan.latencyMs, () => this.#join(watcher, peer));
      return;
    }
    peer.gained.push(segment);
    if (peer.gained.length > 1) return;
    this.#queue.add(this.#clock.now + this.#plan.gainsMs, () => {
      const segments = peer.gained;
      peer.gained = [];
      for (const watcher of peer.watchers) {
        if (watcher.links.has(peer.id)) this.#step(watcher, { kind: 'source_gained', source: peer.id, segments });
      }
    });
  }
}

function copyOf(have: Bitmap): Bitmap {
  const copy = new Bitmap(have.size);
  for (let segment = 0; segment < have.size; segment++) if (have.has(segment)) copy.add(segment);
  return copy;
}
