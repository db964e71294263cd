import { Failure } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import { Observable, ReplaySubject, Subject } from 'rxjs';
import { LINK_CANCEL_SILENCE_MS, LINK_DISPUTE_TIMEOUT_MS, LINK_MANIFEST_TIMEOUT_MS } from '../../../apps/peer/src/limits.js';
import { segmentAnswerProblem } from '../../../apps/peer/src/links/segment-answer.js';
/** A body leaves in portions of at most this many bytes, and at most this long apart, so that a cancel finds it under way. */
const PORTION_BYTES_MAX = 256 * 1024;
const PORTION_MS_MAX = 20;
/** A connection to a holder in memory, with its latency, rate and faults, going by a clock. */
export class MemoryLink {
    holder;
    hello;
    closed = new ReplaySubject(1);
    bytes = new Subject();
    #far;
    #clock;
    #killed;
    #fetching = new Map();
    #queue = [];
    #isSending = false;
    #isClosed = false;
    #lastRequest = 0;
    #lastByteAtMs = 0;
    constructor(far, clock) {
        this.#far = far;
        this.#clock = clock;
        this.holder = far.address;
        this.hello = far.hello;
        this.#killed = far.killed.subscribe(() => this.#shut('the holder died'));
    }
    nextRequest() {
        return ++this.#lastRequest;
    }
    fetchManifest(file, manifestBytes) {
        return this.#ask(LINK_MANIFEST_TIMEOUT_MS, 'manifest', (resolve, reject) => {
            const body = this.#far.manifest(file);
            const target = new Uint8Array(body.length);
            this.#send({
                body,
                target,
                onBytes: () => { },
                onDone: () => {
                    if (body.length === manifestBytes)
                        resolve(target);
                    else
                        reject(new Failure('CORRUPT', `a manifest of ${body.length} bytes where ${manifestBytes} were expected`));
                },
                onAborted: () => { },
            });
        });
    }
    watchAvailability(file) {
        return new Observable((subscriber) => {
            let unwatch;
            let isOver = false;
            const lost = this.closed.subscribe((failure) => {
                isOver = true;
                subscriber.error(new Failure('CONNECTION_LOST', failure.message));
                unwatch?.();
            });
            this.#toFar(() => {
                if (isOver)
                    return;
                const subscription = this.#far.availability(file).subscribe({
                    next: (event) => this.#toNear(() => subscriber.next(event)),
                    error: (error) => this.#toNear(() => subscriber.error(toFailure(error))),
                });
                unwatch = () => subscription.unsubscribe();
            });
            return () => {
                isOver = true;
                lost.unsubscribe();
                this.#toFar(() => unwatch?.());
            };
        });
    }
    fetchSegment(fetch, sink) {
        const { request, file, segment, codecs, receiverBound } = fetch;
        const fetching = { sink, sending: undefined, hasBegun: false, isCancelled: false, isRefused: false };
        this.#fetching.set(request, fetching);
        if (this.#isClosed) {
            queueMicrotask(() => this.#fail(request, connectionLost('it was closed before')));
            return;
        }
        this.#toFar(() => {
            if (fetching.isRefused) {
                this.#toNear(() => this.#fail(request, new Failure('CANCELLED', 'it was cancelled before it was answered')));
                return;
            }
            try {
                const asked = { request, file, segment, codecs: [...codecs], receiverBound };
                const { answer, body } = this.#far.segment(asked);
                this.#sendSegment(fetch, fetching, answer, body);
            }
            catch (error) {
                fetching.isRefused = true;
                this.#toNear(() => this.#fail(request, toFailure(error)));
            }
        });
    }
    cancel(request) {
        const fetching = this.#fetching.get(request);
        if (fetching === undefined || fetching.isCancelled)
            return;
        fetching.isCancelled = true;
        this.#toFar(() => {
            this.#far.noteCancel(request);
            const { sending } = fetching;
            if (sending === undefined)
                fetching.isRefused = true;
            else
                sending.isAborted = true;
            if (sending === undefined || sending.sentBytes > 0 || this.#queue[0] === sending)
                return;
            this.#queue.splice(this.#queue.indexOf(sending), 1);
            this.#toNear(() => sending.onAborted());
        });
        this.#abandonWhenSilent(request, fetching, this.#clock.now());
    }
    dispute(file, segment) {
        return this.#ask(LINK_DISPUTE_TIMEOUT_MS, 'dispute', (resolve) => {
            const isIntact = this.#far.dispute(file, segment);
            this.#toNear(() => resolve(isIntact));
        });
    }
    close() {
        this.#shut('it was closed by this side');
    }
    #sendSegment(fetch, fetching, answer, body) {
        const problem = segmentAnswerProblem(answer, fetch);
        const { request } = fetch;
        fetching.sending = this.#send({
            body,
            // What was given up before the holder answered is received and thrown away.
            target: problem === undefined && this.#fetching.get(request) === fetching ? fetch.target : undefined,
            onBytes: (bytes) => {
                fetching.hasBegun = true;
                if (problem === undefined && this.#fetching.get(request) === fetching)
                    fetching.sink.onBytes(bytes);
            },
            onDone: () => {
                if (problem !== undefined)
                    this.#fail(request, problem);
                else if (this.#fetching.delete(request))
                    fetching.sink.onReceived(answer);
            },
            onAborted: () => this.#fail(request, new Failure('CANCELLED', 'the holder gave the body up')),
        });
    }
    #send(body) {
        const sending = { ...body, sentBytes: 0, isAborted: false };
        this.#queue.push(sending);
        if (!this.#isSending)
            this.#sendNext();
        return sending;
    }
    /** Sends the next portion of the first body in the queue, and goes on when it has left. */
    #sendNext() {
        const sending = this.#queue[0];
        this.#isSending = sending !== undefined;
        if (sending === undefined || this.#isClosed)
            return;
        if (sending.isAborted) {
            this.#queue.shift();
            this.#toNear(() => sending.onAborted());
            this.#sendNext();
            return;
        }
        const { rateBytesPerSecond } = this.#far.knobs;
        const perPortion = Math.max(1, Math.floor((rateBytesPerSecond * PORTION_MS_MAX) / 1000));
        const bytes = Math.min(sending.body.length - sending.sentBytes, PORTION_BYTES_MAX, perPortion);
        this.#clock.wait((bytes / rateBytesPerSecond) * 1000, () => {
            if (this.#isClosed)
                return;
            const from = sending.sentBytes;
            sending.sentBytes += bytes;
            const isLast = sending.sentBytes === sending.body.length;
            if (isLast)
                this.#queue.shift();
            this.#toNear(() => this.#receive(sending, from, bytes, isLast));
            this.#sendNext();
        });
    }
    #receive(sending, from, bytes, isLast) {
        this.#lastByteAtMs = this.#clock.now();
        sending.target?.set(sending.body.subarray(from, from + bytes), from);
        sending.onBytes(bytes);
        this.bytes.next(bytes);
        if (isLast)
            sending.onDone();
    }
    #ask(timeoutMs, what, act) {
        return new Promise((resolve, reject) => {
            const startedAtMs = this.#clock.now();
            const watch = (delayMs) => this.#clock.wait(delayMs, () => {
                const leftMs = Math.max(startedAtMs, this.#lastByteAtMs) + timeoutMs - this.#clock.now();
                if (leftMs > 0)
                    takeBack = watch(leftMs);
                else
                    fail(new Failure('TIMED_OUT', `no answer to "${what}" came within ${timeoutMs} ms`));
            });
            let takeBack = watch(timeoutMs);
            const lost = this.closed.subscribe((failure) => queueMicrotask(() => fail(connectionLost(failure.message))));
            const end = () => {
                takeBack();
                lost.unsubscribe();
            };
            const fail = (failure) => {
                end();
                reject(failure);
            };
            this.#toFar(() => {
                try {
                    act((value) => {
                        end();
                        resolve(value);
                    }, fail);
                }
                catch (error) {
                    this.#toNear(() => fail(toFailure(error)));
                }
            });
        });
    }
    #abandonWhenSilent(request, fetching, cancelledAtMs) {
        const leftMs = Math.max(cancelledAtMs, this.#lastByteAtMs) + LINK_CANCEL_SILENCE_MS - this.#clock.now();
        this.#clock.wait(Math.max(0, leftMs), () => {
            if (this.#fetching.get(request) !== fetching)
                return;
            if (this.#clock.now() < this.#lastByteAtMs + LINK_CANCEL_SILENCE_MS)
                this.#abandonWhenSilent(request, fetching, cancelledAtMs);
            else if (fetching.hasBegun)
                this.#shut('the holder did not heed a cancel');
            else
                this.#fail(request, new Failure('CANCELLED', 'it was given up'));
        });
    }
    #fail(request, failure) {
        const fetching = this.#fetching.get(request);
        if (fetching === undefined)
            return;
        this.#fetching.delete(request);
        // Late bytes must not land in a buffer that is somebody else's by then.
        if (fetching.sending !== undefined)
            fetching.sending.target = undefined;
        fetching.sink.onFailed(failure);
    }
    #shut(reason) {
        if (this.#isClosed)
            return;
        this.#isClosed = true;
        this.#killed.unsubscribe();
        this.#queue.length = 0;
        const failure = connectionLost(reason);
        for (const request of [...this.#fetching.keys()])
            this.#fail(request, failure);
        this.closed.next(failure);
        this.closed.complete();
        this.bytes.complete();
    }
    /** What this side says arrives after the latency. */
    #toFar(action) {
        this.#clock.wait(this.#far.knobs.latencyMs, () => this.#far.whenHeard(action));
    }
    /** What the holder says arrives after the latency, in order. */
    #toNear(action) {
        this.#clock.wait(this.#far.knobs.latencyMs, () => {
            this.#far.whenHeard(() => {
                if (!this.#isClosed)
                    action();
            });
        });
    }
}
function connectionLost(reason) {
    return new Failure('CONNECTION_LOST', `the connection is gone: ${reason}`);
}
//# sourceMappingURL=memory-link.js.map