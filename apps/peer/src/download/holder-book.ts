import type { Holder, PeerId, WatchEvent } from '@p2p/protocol';
import { CANDIDATES_MAX, EPOCH_GRACE_MS, RECONNECT_ATTEMPTS_UNLISTED_MAX, RECONNECT_MS_MAX, RECONNECT_MS_MIN } from '../limits.js';
import type { Clock } from './clock.js';
import { isBetter, isConnectable, newCandidate, type SourceCandidate } from './source-candidate.js';

export interface HolderBookComponents {
  readonly directory: { readonly isConnected: boolean };
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
}

/** What a message of the diary changed about holders that are connected. */
export interface HolderChanges {
  /** A newer life of the peer has begun: the connection is to the old one. */
  readonly replaced: readonly SourceCandidate[];
  readonly draining: readonly SourceCandidate[];
}

/** The holders that a download knows of, what the diary last said of each, and who is to be tried next. */
export class HolderBook {
  readonly #components: HolderBookComponents;
  readonly #self: PeerId;
  readonly #candidates = new Map<PeerId, SourceCandidate>();
  #epoch = '';
  #epochChangedAt = Number.NEGATIVE_INFINITY;

  constructor(components: HolderBookComponents, options: { readonly self: PeerId }) {
    this.#components = components;
    this.#self = options.self;
  }

  get(peer: PeerId): SourceCandidate | undefined {
    return this.#candidates.get(peer);
  }

  all(): SourceCandidate[] {
    return [...this.#candidates.values()];
  }

  connected(): SourceCandidate[] {
    return this.all().filter((candidate) => candidate.connection !== undefined);
  }

  /** Takes in a message of the diary. Its `left` is a hint: who is connected stays so. */
  apply(event: WatchEvent): HolderChanges {
    const replaced: SourceCandidate[] = [];
    const draining: SourceCandidate[] = [];
    if (event.epoch !== this.#epoch) {
      this.#epoch = event.epoch;
      this.#epochChangedAt = this.#components.clock.now();
    }
    for (const holder of event.upserted) {
      const candidate = holder.peer === this.#self ? undefined : this.#candidateOf(holder);
      if (candidate === undefined || holder.incarnation < candidate.address.incarnation) continue;
      if (holder.incarnation > candidate.address.incarnation && candidate.connection !== undefined) replaced.push(candidate);
      else if (holder.draining && !candidate.draining) draining.push(candidate);
      this.#update(candidate, holder);
    }
    for (const departure of event.left) {
      const candidate = this.#candidates.get(departure.peer);
      if (candidate === undefined || departure.incarnation < candidate.address.incarnation) continue;
      candidate.listed = false;
      if (isIdle(candidate)) this.#candidates.delete(departure.peer);
    }
    return { replaced, draining };
  }

  /** The best of those that may be connected now; among equals by lot, so that many downloaders spread over the holders. */
  pick(): SourceCandidate | undefined {
    const now = this.#components.clock.now();
    let best: SourceCandidate | undefined;
    let equals = 0;
    for (const candidate of this.#candidates.values()) {
      if (!isConnectable(candidate) || candidate.retryAt > now) continue;
      if (best === undefined || isBetter(candidate, best)) {
        best = candidate;
        equals = 1;
      } else if (!isBetter(best, candidate) && this.#components.random() * ++equals < 1) {
        best = candidate;
      }
    }
    return best;
  }

  /** When the next one may be connected, in ms of the clock; `undefined` when there is none. */
  nextRetryAt(): number | undefined {
    const times = this.all()
      .filter(isConnectable)
      .map((candidate) => candidate.retryAt);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Doubles the wait with each failure, by lot between half and all of it. Forgets one that nobody lists any more. */
  postpone(candidate: SourceCandidate): void {
    candidate.attempts++;
    const backoffMs = Math.min(RECONNECT_MS_MAX, RECONNECT_MS_MIN * 2 ** Math.min(candidate.attempts - 1, 10));
    candidate.retryAt = this.#components.clock.now() + backoffMs * (0.5 + this.#components.random() / 2);
    if (candidate.attempts >= RECONNECT_ATTEMPTS_UNLISTED_MAX && isIdle(candidate) && !this.#isListed(candidate)) {
      this.#candidates.delete(candidate.address.peer);
    }
  }

  clear(): void {
    this.#candidates.clear();
  }

  /** While the diary is away, everyone known counts as listed; so does, for a while after its restart, whom it has not named again. */
  #isListed(candidate: SourceCandidate): boolean {
    if (!this.#components.directory.isConnected) return true;
    const isOfThisEpoch = candidate.epoch === this.#epoch || this.#components.clock.now() - this.#epochChangedAt < EPOCH_GRACE_MS;
    return candidate.listed && isOfThisEpoch;
  }

  #candidateOf(holder: Holder): SourceCandidate | undefined {
    const known = this.#candidates.get(holder.peer);
    if (known !== undefined) return known;
    if (this.#candidates.size >= CANDIDATES_MAX && !this.#forgetOne()) return undefined;
    const { peer, host, port, incarnation } = holder;
    const candidate = newCandidate({ peer, host, port, incarnation }, this.#epoch);
    this.#candidates.set(peer, candidate);
    return candidate;
  }

  #update(candidate: SourceCandidate, holder: Holder): void {
    const { peer, host, port, incarnation } = holder;
    const hasMoved = incarnation > candidate.address.incarnation || host !== candidate.address.host || port !== candidate.address.port;
    candidate.address = { peer, host, port, incarnation };
    candidate.complete = holder.state === 'complete';
    candidate.draining = holder.draining;
    candidate.listed = true;
    candidate.epoch = this.#epoch;
    if (!hasMoved) return;
    candidate.attempts = 0;
    candidate.retryAt = 0;
  }

  /** Makes place for another: one that is of no use now goes. */
  #forgetOne(): boolean {
    const useless = this.all().find((candidate) => isIdle(candidate) && (candidate.draining || candidate.attempts > 0));
    return useless !== undefined && this.#candidates.delete(useless.address.peer);
  }
}

/** Whether nothing would be lost with it. A quarantined one must be remembered. */
function isIdle(candidate: SourceCandidate): boolean {
  return candidate.connection === undefined && !candidate.connecting && !candidate.quarantined;
}
