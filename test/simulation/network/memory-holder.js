import { Bitmap, Failure, PROTOCOL_VERSION, } from '@p2p/protocol';
import { Observable, Subject } from 'rxjs';
/** A holder in memory: what the far end of a `MemoryLink` does. */
export class MemoryHolder {
    address;
    knobs;
    /** Emits when a watch began or ended, or a cancel came. */
    changes = new Subject();
    /** Emits once, when it dies. */
    killed = new Subject();
    cancelled = [];
    #held = new Map();
    /** What would have been heard or said while it was silent, in order. */
    #unheard = [];
    #isSilent = false;
    #isAlive = true;
    constructor(address, knobs = {}) {
        this.address = address;
        this.knobs = {
            latencyMs: 0,
            rateBytesPerSecond: Infinity,
            busyRetryAfterMs: undefined,
            lie: undefined,
            isDraining: false,
            version: PROTOCOL_VERSION,
            packetDelayMs: 0,
            packetBytes: 1024,
            ...knobs,
        };
    }
    get isAlive() {
        return this.#isAlive;
    }
    get isSilent() {
        return this.#isSilent;
    }
    /** Stops (as by SIGSTOP, or with the network cut): nothing is heard or said, and connections stay open. */
    silence() {
        this.#isSilent = true;
    }
    /** Goes on where it stopped. */
    wake() {
        this.#isSilent = false;
        for (const action of this.#unheard.splice(0))
            action();
    }
    /** Does what a message on its way does when it arrives: now, or when the silence ends. */
    whenHeard(action) {
        if (this.#isSilent)
            this.#unheard.push(action);
        else
            action();
    }
    get hello() {
        const { version, packetDelayMs, packetBytes } = this.knobs;
        return { version, peer: this.address.peer, packetDelayMs, packetBytes };
    }
    share(content, have) {
        const bitmap = have === 'complete' ? Bitmap.full(content.segmentCount) : new Bitmap(content.segmentCount);
        if (have !== 'complete')
            for (const index of have)
                bitmap.add(index);
        this.#held.set(content.file, { content, have: bitmap, events: new Subject(), watchers: 0 });
    }
    gain(file, segments) {
        const held = this.#held.get(file);
        if (held === undefined)
            return;
        for (const index of segments)
            held.have.add(index);
        held.events.next(held.have.isFull ? { kind: 'complete' } : { kind: 'gained', segments: [...segments] });
    }
    drain() {
        this.knobs.isDraining = true;
        for (const held of this.#held.values())
            held.events.next({ kind: 'draining' });
    }
    withdraw(file, failure) {
        const held = this.#held.get(file);
        this.#held.delete(file);
        held?.events.error(failure);
    }
    /** Dies: every connection is gone, nobody can connect. */
    kill() {
        if (!this.#isAlive)
            return;
        this.#isAlive = false;
        this.#unheard.length = 0;
        this.killed.next();
        this.killed.complete();
    }
    watchersOf(file) {
        return this.#held.get(file)?.watchers ?? 0;
    }
    manifest(file) {
        return this.#heldOf(file).content.manifest;
    }
    availability(file) {
        return new Observable((subscriber) => {
            const held = this.#held.get(file);
            if (held === undefined) {
                subscriber.error(notHeld(file));
                return undefined;
            }
            held.watchers++;
            this.changes.next();
            subscriber.next(held.have.isFull ? { kind: 'complete' } : { kind: 'bitmap', bitmap: held.have.toBase64() });
            const subscription = held.events.subscribe(subscriber);
            return () => {
                subscription.unsubscribe();
                held.watchers--;
                this.changes.next();
            };
        });
    }
    segment(request) {
        const { busyRetryAfterMs, lie, isDraining } = this.knobs;
        if (isDraining)
            throw new Failure('DRAINING', 'this peer is leaving');
        if (busyRetryAfterMs !== undefined)
            throw new Failure('BUSY', 'too many segments are on their way', { retryAfterMs: busyRetryAfterMs });
        const { content, have } = this.#heldOf(request.file);
        if (!have.has(request.segment))
            throw notHeld(request.file);
        let body = content.segment(request.segment);
        if (lie === 'wrong_bytes') {
            body = body.slice();
            body[0] = (body[0] ?? 0) ^ 0xff;
        }
        else if (lie === 'wrong_length')
            body = body.slice(0, Math.max(1, body.length - 1));
        const answered = lie === 'wrong_request' ? request.request + 1 : request.request;
        const answer = {
            request: answered,
            segment: request.segment,
            codec: 'identity',
            rawBytes: body.length,
            bodyBytes: body.length,
        };
        return { answer, body };
    }
    noteCancel(request) {
        this.cancelled.push(request);
        this.changes.next();
    }
    /** An honest holder's segments are intact; a liar says so too. */
    dispute(file, segment) {
        return this.#heldOf(file).have.has(segment);
    }
    #heldOf(file) {
        const held = this.#held.get(file);
        if (held === undefined)
            throw notHeld(file);
        return held;
    }
}
function notHeld(file) {
    return new Failure('NOT_HELD', `this peer does not have the file ${file}, or not that segment`);
}
//# sourceMappingURL=memory-holder.js.map