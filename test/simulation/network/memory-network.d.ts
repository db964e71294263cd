import type { HolderAddress } from '../../../apps/peer/src/directory/directory.js';
import type { PeerLinks } from '../../../apps/peer/src/links/peer-link.js';
import type { Clock } from './clock.js';
import { MemoryHolder, type MemoryKnobs } from './memory-holder.js';
/** The LAN, in memory: holders that come, go and misbehave, and links to them. */
export declare class MemoryNetwork {
    #private;
    constructor(clock: Clock);
    /** A new holder. One that takes the address of a dead one is its next life. */
    addHolder(peer: string, knobs?: Partial<MemoryKnobs>, life?: Omit<HolderAddress, 'peer'>): MemoryHolder;
    /** What one downloader reaches the holders through. */
    links(): PeerLinks;
}
//# sourceMappingURL=memory-network.d.ts.map