import { Failure, segmentLengthOf, type SegmentAnswer } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import {
  createTransfer,
  nextWakeAt,
  reportOf,
  step,
  type SourceId,
  type TransferCommand,
  type TransferEvent,
  type TransferReport,
  type TransferState,
} from '@p2p/transfer';
import { BUFFER_RETRY_MS, SAY_WAITING_MS } from '../limits.js';
import type { BufferShare } from './buffer-shares.js';
import type { Clock } from './clock.js';
import type { SegmentOutcome } from './download-metrics.js';
import { isUseful, noHolders } from './missing-segments.js';
import { DISCONNECT_REASONS, refusalOf } from './refusal.js';
import { observeArrival, observeStored } from './segment-observation.js';
import { SegmentRequest, type SegmentRequestOwner } from './segment-request.js';
import type { SegmentResult } from './segment-worker-client.js';
import { SessionRecorder } from './session-recorder.js';
import type { TransferSessionComponents, TransferSessionOptions } from './transfer-session-parts.js';
import { WakeTimer } from './wake-timer.js';

/**
 * Runs the planner of one download against the world: what happens becomes its events, and its commands become requests
 * to sources. Everything that is received goes through the worker before it counts.
 */
export class TransferSession implements SegmentRequestOwner {
  readonly clock: Clock;
  readonly #components: TransferSessionComponents;
  readonly #options: TransferSessionOptions;
  readonly #state: TransferState;
  readonly #share: BufferShare;
  readonly #requests = new Map<number, SegmentRequest>();
  readonly #events: TransferEvent[] = [];
  readonly #timer: WakeTimer;
  readonly #recorder: SessionRecorder | undefined;
  readonly #outcome = Promise.withResolvers<void>();
  #isStepping = false;
  #hasEnded = false;
  #firstRequestAt: number | undefined;
  #lastVerifiedAt: number | undefined;
  #isWaiting = false;

  constructor(components: TransferSessionComponents, options: TransferSessionOptions) {
    this.#components = components;
    this.#options = options;
    this.clock = components.clock;
    this.#timer = new WakeTimer(components.clock, () => this.#wake());
    const { manifest, verified } = components.part;
    this.#share = components.bufferShares.join({
      segmentBytes: manifest.segmentBytes,
      segmentCount: manifest.segmentCount,
      onChange: (segmentsMax) => this.take({ kind: 'buffers_granted', segmentsMax }),
    });
    const { file, self, seed, holderWaitMs, recordDir } = options;
    const now = this.clock.now();
    const settings = { fileBytes: manifest.fileBytes, verified, self, seed, holderWaitMs, buffersMax: this.#share.segmentsMax, now };
    this.#state = createTransfer(settings);
    this.#recorder = recordDir === '' ? undefined : new SessionRecorder(recordDir, `${file}-${seed}`, settings);
    // Its failure is the runner's to see, whenever it comes to ask.
    this.#outcome.promise.catch(() => undefined);
  }

  /** Begins: at once when a source joins, else after the time that connecting and asking takes. */
  open(): void {
    this.#timer.setFor(this.clock.now() + SAY_WAITING_MS);
  }

  /** Resolves when every segment is verified. Rejects with `NO_HOLDERS`, with what the disk said, or with what `end` was given. */
  get outcome(): Promise<void> {
    return this.#outcome.promise;
  }

  /** Nobody has the rest. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** From the first request to the last verified segment, or to now while more is to come; in ms. */
  get transferMs(): number {
    if (this.#firstRequestAt === undefined) return 0;
    return (this.#hasEnded ? (this.#lastVerifiedAt ?? this.#firstRequestAt) : this.clock.now()) - this.#firstRequestAt;
  }

  get lastVerifiedAt(): number | undefined {
    return this.#lastVerifiedAt;
  }

  /** Bytes received of segments that are not verified yet. */
  get inFlightBytes(): number {
    let bytes = 0;
    for (const request of this.#requests.values()) if (!request.isDropped) bytes += Math.min(request.wireBytes, request.rawBytes);
    return bytes;
  }

  get report(): TransferReport {
    return reportOf(this.#state);
  }

  /** Tells the planner what happened, and does what it says. */
  take(event: TransferEvent): void {
    if (this.#hasEnded) return;
    this.#events.push(event);
    // A command may make something happen at once: that has its turn after the commands before it.
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#events.shift(); next !== undefined && !this.#hasEnded; next = this.#events.shift()) {
        const now = this.clock.now();
        const commands = step(this.#state, next, now);
        this.#recorder?.note(now, next, commands);
        for (const command of commands) this.#perform(command);
      }
    } catch (error) {
      this.end(toFailure(error, 'the download could not be planned'));
    } finally {
      this.#isStepping = false;
    }
    const wakeAt = nextWakeAt(this.#state);
    if (wakeAt !== undefined && !this.#hasEnded) this.#timer.setFor(wakeAt);
  }

  /** The requests to this source are over: its connection is about to go. */
  dropRequestsTo(source: SourceId): void {
    for (const request of this.#requests.values()) if (request.source === source) request.drop({ isLost: true });
  }

  /** Ends it: without a failure when all is done. Buffers come back by themselves as the links let go of them. */
  end(failure?: Failure): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#timer.close();
    this.#recorder?.close();
    this.#share.leave();
    this.#isWaiting = false;
    for (const request of this.#requests.values()) request.drop();
    if (failure === undefined) this.#outcome.resolve();
    else this.#outcome.reject(failure);
  }

  onBytes(request: SegmentRequest, wireBytes: number): void {
    const { load, pool, metrics } = this.#components;
    load.received(wireBytes);
    pool.noteBytes(request.source, wireBytes);
    metrics.bytes({ form: 'wire', count: wireBytes });
    this.take({ kind: 'bytes_received', source: request.source, request: request.id, wireBytes });
  }

  onReceived(request: SegmentRequest, answer: SegmentAnswer): void {
    const { metrics, part } = this.#components;
    metrics.inFlight(-1);
    if (request.isDropped || this.#hasEnded) {
      this.#close(request, 'cancelled');
      this.take({ kind: 'request_cancelled', request: request.id });
      return;
    }
    observeArrival(metrics, request);
    if (answer.busy !== undefined) this.#components.pool.noteBusy(request.source, answer.busy);
    const arrival = { codec: answer.codec, wireBytes: answer.bodyBytes, fileBytes: request.rawBytes };
    this.take({ kind: 'segment_received', request: request.id, arrival });
    if (!request.fits(answer, this.#options.codecs)) {
      metrics.rejected('malformed');
      this.#close(request, 'corrupt');
      this.take({ kind: 'segment_corrupt', request: request.id });
      return;
    }
    const { segment, block, rawBytes } = request;
    part.store({ segment, block, bodyBytes: answer.bodyBytes, rawBytes, codec: answer.codec }, (result) => this.#onStored(request, result));
  }

  onFailed(request: SegmentRequest, failure: Failure): void {
    const { metrics, pool } = this.#components;
    metrics.inFlight(-1);
    if (request.isDropped) {
      this.#close(request, request.isLost ? 'lost' : 'cancelled');
      this.take({ kind: 'request_cancelled', request: request.id });
      return;
    }
    if (failure.code === 'CORRUPT') {
      metrics.rejected('malformed');
      this.#close(request, 'corrupt');
      this.take({ kind: 'segment_corrupt', request: request.id });
      return;
    }
    const refusal = refusalOf(failure);
    this.#close(request, refusal === undefined ? 'lost' : 'refused');
    if (refusal !== undefined) return this.take({ kind: 'request_refused', request: request.id, refusal });
    // The source is lost with it; its other requests end in the same way.
    pool.withdraw(request.source, failure);
    this.take({ kind: 'request_cancelled', request: request.id });
  }

  #onStored(request: SegmentRequest, result: SegmentResult): void {
    const { metrics, pool } = this.#components;
    if (result.kind === 'failed') {
      this.#close(request, 'lost');
      this.end(result.failure);
      return;
    }
    observeStored(metrics, request, result);
    this.#options.flight()?.stored(request, result);
    this.#options.trace?.stored(request, result);
    if (result.kind === 'corrupt') {
      this.#close(request, 'corrupt');
      this.take({ kind: 'segment_corrupt', request: request.id });
      return;
    }
    this.#close(request, 'verified');
    pool.noteDelivered(request.source);
    this.#lastVerifiedAt = this.clock.now();
    this.#options.onVerified(request.segment);
    this.take({ kind: 'segment_verified', request: request.id });
  }

  #perform(command: TransferCommand): void {
    const { pool, metrics, logger } = this.#components;
    switch (command.kind) {
      case 'request':
        return this.#request(command);
      case 'cancel': {
        const request = this.#requests.get(command.request);
        if (request === undefined) return;
        metrics.wasted(request.wireBytes);
        return request.drop();
      }
      case 'redistributed':
        this.#options.flight()?.redistributed(command);
        this.#options.trace?.redistributed(command);
        return metrics.redistributed(command.reason);
      case 'disconnect':
        return pool.disconnect(command.source, { closeLink: command.reason === 'silent', reason: DISCONNECT_REASONS[command.reason] });
      case 'quarantine':
        logger.warn('download.source_quarantined', { source: command.source, segment: command.segment });
        return pool.quarantine(command.source, command.segment);
      case 'find_holders':
        return pool.findMore((have) => isUseful(have, this.#components.part.verified));
      case 'waiting':
        this.#isWaiting = true;
        return logger.info('download.waiting', { forMs: Math.round(command.until - this.clock.now()) });
      case 'resumed':
        this.#isWaiting = false;
        return logger.info('download.holder_appeared');
      case 'finish':
        return this.end();
      case 'fail':
        return this.end(noHolders(this.#components.part.verified, this.#options.holderWaitMs));
    }
  }

  #request(command: Extract<TransferCommand, { kind: 'request' }>): void {
    const { arena, load, metrics, part, pool } = this.#components;
    const link = pool.linkOf(command.source);
    const block = link === undefined ? undefined : arena.allocate(part.manifest.segmentBytes);
    if (link === undefined || block === undefined) {
      // Without a link its `source_left` is on its way. Without a block, other downloads still have what is ours by now.
      this.take({ kind: 'request_refused', request: command.request, refusal: { kind: 'busy', retryAfterMs: BUFFER_RETRY_MS } });
      return;
    }
    const rawBytes = segmentLengthOf(part.manifest.fileBytes, command.segment);
    const { source, segment, cause } = command;
    const request = new SegmentRequest(this, { id: command.request, source, segment, rawBytes, block, link });
    this.#requests.set(command.request, request);
    this.#firstRequestAt ??= request.startedAt;
    metrics.inFlight(1);
    this.#options.flight()?.asked(request, cause);
    if (cause === 'hedge') metrics.hedged();
    const traceparent = this.#options.trace?.asked(request, cause);
    const target = arena.view(block, rawBytes);
    request.send({ file: this.#options.file, codecs: this.#options.codecs, receiverBound: load.isBound, target, traceparent });
  }

  /** The buffer is free. */
  #close(request: SegmentRequest, outcome: SegmentOutcome): void {
    const { arena, metrics } = this.#components;
    if (!this.#requests.delete(request.id)) throw new Failure('INTERNAL', `request ${request.id} ended twice`);
    arena.release(request.block);
    const seconds = ((request.receivedAt ?? this.clock.now()) - request.startedAt) / 1000;
    metrics.segmentTransfer({ outcome, codec: request.codec, seconds, traceId: this.#options.trace?.traceId });
    this.#options.flight()?.ended(request, outcome);
    this.#options.trace?.ended(request, outcome);
  }

  #wake(): void {
    const now = this.clock.now();
    // What has come must be known before anyone is called silent.
    for (const request of this.#requests.values()) request.tell(now);
    this.#components.pool.reportForeignBytes();
    this.take({ kind: 'tick' });
  }
}
