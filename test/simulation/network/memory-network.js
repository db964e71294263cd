import { Failure, PROTOCOL_VERSION } from '@p2p/protocol';
import { LINK_CONNECT_TIMEOUT_MS, LINK_HELLO_TIMEOUT_MS } from '../../../apps/peer/src/limits.js';
import { SharedPeerLinks } from '../../../apps/peer/src/links/shared-peer-links.js';
import { MemoryHolder } from './memory-holder.js';
import { MemoryLink } from './memory-link.js';
/** The LAN, in memory: holders that come, go and misbehave, and links to them. */
export class MemoryNetwork {
    #clock;
    #holders = new Map();
    #lastPort = 0;
    constructor(clock) {
        this.#clock = clock;
    }
    /** A new holder. One that takes the address of a dead one is its next life. */
    addHolder(peer, knobs = {}, life) {
        const place = life ?? { host: 'memory', port: ++this.#lastPort, incarnation: 1 };
        const address = { ...place, peer };
        const holder = new MemoryHolder(address, knobs);
        this.#holders.set(placeOf(address), holder);
        return holder;
    }
    /** What one downloader reaches the holders through. */
    links() {
        return new SharedPeerLinks((address) => this.#connect(address));
    }
    async #connect(address) {
        const holder = this.#holders.get(placeOf(address));
        if (holder === undefined || !holder.isAlive)
            throw new Failure('UNREACHABLE', `nobody listens at ${placeOf(address)}`);
        if (holder.isSilent) {
            await this.#pass(LINK_CONNECT_TIMEOUT_MS + LINK_HELLO_TIMEOUT_MS);
            throw new Failure('TIMED_OUT', `${placeOf(address)} does not answer`);
        }
        // There and back to connect, and again to say hello.
        await this.#pass(4 * holder.knobs.latencyMs);
        if (!holder.isAlive)
            throw new Failure('UNREACHABLE', `nobody listens at ${placeOf(address)}`);
        const { version } = holder.knobs;
        if (version !== PROTOCOL_VERSION) {
            throw new Failure('VERSION_MISMATCH', `peer ${address.peer} speaks version ${version}, this program ${PROTOCOL_VERSION}`);
        }
        if (holder.address.peer !== address.peer) {
            throw new Failure('UNREACHABLE', `at ${placeOf(address)} is peer ${holder.address.peer}, not ${address.peer}`);
        }
        return new MemoryLink(holder, this.#clock);
    }
    #pass(ms) {
        return new Promise((resolve) => void this.#clock.wait(ms, resolve));
    }
}
function placeOf({ host, port }) {
    return `${host}:${port}`;
}
//# sourceMappingURL=memory-network.js.map