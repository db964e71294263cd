import {
  Failure,
  PEER_PATTERNS,
  availabilityEventSchema,
  disputeAnswerSchema,
  manifestAnswerSchema,
  segmentAnswerSchema,
  type AvailabilityEvent,
  type AvailabilityRequest,
  type CancelEvent,
  type DisputeRequest,
  type FileId,
  type HelloAnswer,
  type ManifestRequest,
  type SegmentRequest,
  type UnwatchAvailabilityRequest,
} from '@p2p/protocol';
import { toFailure, type FrameClient } from '@p2p/service';
import { Observable } from 'rxjs';
import type { HolderAddress } from '../directory/directory.js';
import { LINK_CANCEL_SILENCE_MS, LINK_DISPUTE_TIMEOUT_MS, LINK_MANIFEST_TIMEOUT_MS } from '../limits.js';
import type { PeerLink, SegmentFetch, SegmentFetchSink } from './peer-link.js';
import { segmentAnswerProblem } from './segment-answer.js';

interface Fetching {
  readonly abandon: AbortController;
  /** Runs from the cancel on. */
  silenceTimer: NodeJS.Timeout | undefined;
}

/** A link over Nest's TCP transport in frames. */
export class TcpPeerLink implements PeerLink {
  readonly holder: HolderAddress;
  readonly hello: HelloAnswer;
  readonly closed: Observable<Failure>;
  readonly bytes: Observable<number>;
  readonly #client: FrameClient;
  readonly #fetching = new Map<number, Fetching>();
  #lastRequest = 0;
  #lastWatch = 0;

  constructor(client: FrameClient, holder: HolderAddress, hello: HelloAnswer) {
    this.#client = client;
    this.holder = holder;
    this.hello = hello;
    this.closed = client.closed;
    this.bytes = client.bodyBytes;
  }

  nextRequest(): number {
    return ++this.#lastRequest;
  }

  async fetchManifest(file: FileId, manifestBytesMax: number): Promise<Uint8Array> {
    let manifest = new Uint8Array(0);
    const request: ManifestRequest = { file };
    await this.#client.requestBody(PEER_PATTERNS.manifest, request, manifestAnswerSchema, {
      timeoutMs: LINK_MANIFEST_TIMEOUT_MS,
      target: (_, bodyBytes) =>
        bodyBytes <= manifestBytesMax
          ? (manifest = new Uint8Array(bodyBytes))
          : new Failure('CORRUPT', `a manifest of ${bodyBytes} bytes where at most ${manifestBytesMax} were asked for`),
    });
    return manifest;
  }

  watchAvailability(file: FileId): Observable<AvailabilityEvent> {
    return new Observable((subscriber) => {
      const watch = ++this.#lastWatch;
      const request: AvailabilityRequest = { watch, file };
      let isOver = false;
      const subscription = this.#client.stream(PEER_PATTERNS.availability, request, availabilityEventSchema).subscribe({
        next: (event) => subscriber.next(event),
        error: (error: unknown) => {
          isOver = true;
          subscriber.error(toFailure(error));
        },
        complete: () => {
          isOver = true;
          subscriber.complete();
        },
      });
      return () => {
        subscription.unsubscribe();
        const unwatch: UnwatchAvailabilityRequest = { watch };
        if (!isOver) this.#client.notify(PEER_PATTERNS.unwatchAvailability, unwatch);
      };
    });
  }

  fetchSegment(fetch: SegmentFetch, sink: SegmentFetchSink): void {
    const { request, file, segment, receiverBound, target, traceparent } = fetch;
    const fetching: Fetching = { abandon: new AbortController(), silenceTimer: undefined };
    this.#fetching.set(request, fetching);
    const asked: SegmentRequest = { request, file, segment, codecs: [...fetch.codecs], receiverBound };
    const end = (): void => {
      clearTimeout(fetching.silenceTimer);
      this.#fetching.delete(request);
    };
    void this.#client
      .requestBody(PEER_PATTERNS.segment, asked, segmentAnswerSchema, {
        timeoutMs: undefined,
        target: (answer) => segmentAnswerProblem(answer, fetch) ?? target,
        onBytes: (wireBytes) => sink.onBytes(wireBytes),
        signal: fetching.abandon.signal,
        metadata: traceparent === undefined ? undefined : { traceparent },
      })
      .then(
        (answer) => {
          end();
          sink.onReceived(answer);
        },
        (error: unknown) => {
          end();
          sink.onFailed(toFailure(error));
        },
      );
  }

  cancel(request: number): void {
    const fetching = this.#fetching.get(request);
    if (fetching === undefined || fetching.silenceTimer !== undefined) return;
    const event: CancelEvent = { request };
    this.#client.notify(PEER_PATTERNS.cancel, event);
    this.#abandonWhenSilent(fetching, performance.now(), LINK_CANCEL_SILENCE_MS, false);
  }

  async dispute(file: FileId, segment: number): Promise<boolean> {
    const request: DisputeRequest = { file, segment };
    const options = { timeoutMs: LINK_DISPUTE_TIMEOUT_MS };
    const { intact } = await this.#client.request(PEER_PATTERNS.dispute, request, disputeAnswerSchema, options);
    return intact;
  }

  close(): void {
    this.#client.close();
  }

  /** The end of a cancelled fetch is the holder's word; but a holder that says nothing must not keep the buffer. */
  #abandonWhenSilent(fetching: Fetching, cancelledAtMs: number, delayMs: number, isSecondLook: boolean): void {
    fetching.silenceTimer = setTimeout(() => {
      const leftMs = Math.max(cancelledAtMs, this.#client.lastBodyByteAtMs) + LINK_CANCEL_SILENCE_MS - performance.now();
      if (leftMs > 0) this.#abandonWhenSilent(fetching, cancelledAtMs, leftMs, false);
      // After this process was itself held up, what has come meanwhile is read first.
      else if (!isSecondLook) this.#abandonWhenSilent(fetching, cancelledAtMs, 1, true);
      else fetching.abandon.abort();
    }, delayMs);
  }
}
