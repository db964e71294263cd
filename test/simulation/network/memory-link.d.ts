import { Failure, type AvailabilityEvent, type FileId, type HelloAnswer } from '@p2p/protocol';
import { Observable, ReplaySubject, Subject } from 'rxjs';
import type { HolderAddress } from '../../../apps/peer/src/directory/directory.js';
import type { PeerLink, SegmentFetch, SegmentFetchSink } from '../../../apps/peer/src/links/peer-link.js';
import type { Clock } from './clock.js';
import type { MemoryHolder } from './memory-holder.js';
/** A connection to a holder in memory, with its latency, rate and faults, going by a clock. */
export declare class MemoryLink implements PeerLink {
    #private;
    readonly holder: HolderAddress;
    readonly hello: HelloAnswer;
    readonly closed: ReplaySubject<Failure>;
    readonly bytes: Subject<number>;
    constructor(far: MemoryHolder, clock: Clock);
    nextRequest(): number;
    fetchManifest(file: FileId, manifestBytes: number): Promise<Uint8Array>;
    watchAvailability(file: FileId): Observable<AvailabilityEvent>;
    fetchSegment(fetch: SegmentFetch, sink: SegmentFetchSink): void;
    cancel(request: number): void;
    dispute(file: FileId, segment: number): Promise<boolean>;
    close(): void;
}
//# sourceMappingURL=memory-link.d.ts.map