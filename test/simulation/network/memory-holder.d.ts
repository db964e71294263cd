import { Failure, type AvailabilityEvent, type FileId, type HelloAnswer, type SegmentAnswer, type SegmentRequest } from '@p2p/protocol';
import { Observable, Subject } from 'rxjs';
import type { HolderAddress } from '../../../apps/peer/src/directory/directory.js';
/** A content that a holder in memory has. */
export interface MemoryContent {
    readonly file: FileId;
    readonly manifest: Uint8Array;
    readonly segmentCount: number;
    /** The bytes of a segment, made when asked for. */
    segment(index: number): Uint8Array;
}
/** What a lying holder does to a segment. */
export type Lie = 
/** The right shape with a wrong byte. */
'wrong_bytes'
/** Another length than the segment's. */
 | 'wrong_length'
/** The answer to another request. */
 | 'wrong_request';
/** How a holder behaves; may be changed at any time, and holds from the next request or chunk on. */
export interface MemoryKnobs {
    /** Of every link, each way. */
    latencyMs: number;
    /** Of every link. Infinity: at once. */
    rateBytesPerSecond: number;
    /** Answers segments with `BUSY` and this `retryAfterMs`. */
    busyRetryAfterMs: number | undefined;
    lie: Lie | undefined;
    isDraining: boolean;
    version: number;
    /** What it says in hello: an artificial delay explains a slow rate. */
    packetDelayMs: number;
    packetBytes: number;
}
export type MemoryAnswer = {
    readonly answer: SegmentAnswer;
    readonly body: Uint8Array;
};
/** A holder in memory: what the far end of a `MemoryLink` does. */
export declare class MemoryHolder {
    #private;
    readonly address: HolderAddress;
    readonly knobs: MemoryKnobs;
    /** Emits when a watch began or ended, or a cancel came. */
    readonly changes: Subject<void>;
    /** Emits once, when it dies. */
    readonly killed: Subject<void>;
    readonly cancelled: number[];
    constructor(address: HolderAddress, knobs?: Partial<MemoryKnobs>);
    get isAlive(): boolean;
    get isSilent(): boolean;
    /** Stops (as by SIGSTOP, or with the network cut): nothing is heard or said, and connections stay open. */
    silence(): void;
    /** Goes on where it stopped. */
    wake(): void;
    /** Does what a message on its way does when it arrives: now, or when the silence ends. */
    whenHeard(action: () => void): void;
    get hello(): HelloAnswer;
    share(content: MemoryContent, have: 'complete' | readonly number[]): void;
    gain(file: FileId, segments: readonly number[]): void;
    drain(): void;
    withdraw(file: FileId, failure: Failure): void;
    /** Dies: every connection is gone, nobody can connect. */
    kill(): void;
    watchersOf(file: FileId): number;
    manifest(file: FileId): Uint8Array;
    availability(file: FileId): Observable<AvailabilityEvent>;
    segment(request: SegmentRequest): MemoryAnswer;
    noteCancel(request: number): void;
    /** An honest holder's segments are intact; a liar says so too. */
    dispute(file: FileId, segment: number): boolean;
}
//# sourceMappingURL=memory-holder.d.ts.map