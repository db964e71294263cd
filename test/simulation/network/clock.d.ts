/** Time, real or virtual. The downloads' own clock has the same shape, so that one virtual clock drives both. */
export interface Clock {
    /** Milliseconds, never going back. */
    now(): number;
    /** Calls back once, `delayMs` from now; the result takes that back. */
    wait(delayMs: number, callback: () => void): () => void;
}
export declare const realClock: Clock;
//# sourceMappingURL=clock.d.ts.map