import { Failure, PROTOCOL_VERSION } from '@p2p/protocol';
import type { HolderAddress } from '../../../apps/peer/src/directory/directory.js';
import { LINK_CONNECT_TIMEOUT_MS, LINK_HELLO_TIMEOUT_MS } from '../../../apps/peer/src/limits.js';
import type { PeerLinks } from '../../../apps/peer/src/links/peer-link.js';
import { SharedPeerLinks } from '../../../apps/peer/src/links/shared-peer-links.js';
import type { Clock } from './clock.js';
import { MemoryHolder, type MemoryKnobs } from './memory-holder.js';
import { MemoryLink } from './memory-link.js';

/** The LAN, in memory: holders that come, go and misbehave, and links to them. */
export class MemoryNetwork {
  readonly #clock: Clock;
  readonly #holders = new Map<string, MemoryHolder>();
  #lastPort = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new holder. One that takes the address of a dead one is its next life. */
  addHolder(peer: string, knobs: Partial<MemoryKnobs> = {}, life?: Omit<HolderAddress, 'peer'>): MemoryHolder {
    const place = life ?? { host: 'memory', port: ++this.#lastPort, incarnation: 1 };
    const address: HolderAddress = { ...place, peer };
    const holder = new MemoryHolder(address, knobs);
    this.#holders.set(placeOf(address), holder);
    return holder;
  }

  /** What one downloader reaches the holders through. */
  links(): PeerLinks {
    return new SharedPeerLinks((address) => this.#connect(address));
  }

  async #connect(address: HolderAddress): Promise<MemoryLink> {
    const holder = this.#holders.get(placeOf(address));
    if (holder === undefined || !holder.isAlive) throw new Failure('UNREACHABLE', `nobody listens at ${placeOf(address)}`);
    if (holder.isSilent) {
      await this.#pass(LINK_CONNECT_TIMEOUT_MS + LINK_HELLO_TIMEOUT_MS);
      throw new Failure('TIMED_OUT', `${placeOf(address)} does not answer`);
    }
    // There and back to connect, and again to say hello.
    await this.#pass(4 * holder.knobs.latencyMs);
    if (!holder.isAlive) throw new Failure('UNREACHABLE', `nobody listens at ${placeOf(address)}`);
    const { version } = holder.knobs;
    if (version !== PROTOCOL_VERSION) {
      throw new Failure('VERSION_MISMATCH', `peer ${address.peer} speaks version ${version}, this program ${PROTOCOL_VERSION}`);
    }
    if (holder.address.peer !== address.peer) {
      throw new Failure('UNREACHABLE', `at ${placeOf(address)} is peer ${holder.address.peer}, not ${address.peer}`);
    }
    return new MemoryLink(holder, this.#clock);
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.wait(ms, resolve));
  }
}

function placeOf({ host, port }: Pick<HolderAddress, 'host' | 'port'>): string {
  return `${host}:${port}`;
}
