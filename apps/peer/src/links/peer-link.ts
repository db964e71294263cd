import type { AvailabilityEvent, Codec, Failure, FileId, HelloAnswer, SegmentAnswer } from '@p2p/protocol';
import type { Observable } from 'rxjs';
import type { HolderAddress } from '../directory/directory.js';

/** One request for a segment. */
export interface SegmentFetch {
  /** Unique on this link; `PeerLink.nextRequest()` gives one. */
  readonly request: number;
  readonly file: FileId;
  readonly segment: number;
  readonly codecs: readonly Codec[];
  readonly receiverBound: boolean;
  /** The span that it is for, where there is one (W3C Trace Context). */
  readonly traceparent?: string | undefined;
  /** Where the body goes; as long as the raw segment. Belongs to the link until `ended`. */
  readonly target: Uint8Array;
}

/** What becomes of it. Exactly one of `onReceived` and `onFailed` is called, and nothing after it: then the target is free. */
export interface SegmentFetchSink {
  /** `wireBytes` more bytes of its body have come. */
  onBytes(wireBytes: number): void;
  onReceived(answer: SegmentAnswer): void;
  /** `CANCELLED` after `cancel`, `CONNECTION_LOST` when the link closed, or what the holder said. */
  onFailed(failure: Failure): void;
}

/**
 * The one connection to a holder, shared by all downloads. Real: NestJS TCP with the frame socket. In simulation:
 * memory. Both pass test/contract/peer-link.
 */
export interface PeerLink {
  readonly holder: HolderAddress;
  readonly hello: HelloAnswer;
  /** Emits once, with why, when the connection is gone; replays it to late subscribers. */
  readonly closed: Observable<Failure>;
  /** Emits the number of body bytes of any request on this link as they come. */
  readonly bytes: Observable<number>;
  nextRequest(): number;
  /** What the holder says is the canonical manifest. Throws `NOT_HELD`, `CORRUPT` when it is longer than `manifestBytesMax`, `TIMED_OUT`, `CONNECTION_LOST`. */
  fetchManifest(file: FileId, manifestBytesMax: number): Promise<Uint8Array>;
  /** Unsubscribing ends it at the holder too. Errors with the holder's failure or `CONNECTION_LOST`. */
  watchAvailability(file: FileId): Observable<AvailabilityEvent>;
  fetchSegment(fetch: SegmentFetch, sink: SegmentFetchSink): void;
  /** Asks the holder to stop. The fetch ends with `CANCELLED`, or with its result where that was quicker. */
  cancel(request: number): void;
  /** Whether the holder finds its own copy intact. */
  dispute(file: FileId, segment: number): Promise<boolean>;
  /** Closes at once; all fetches fail with `CONNECTION_LOST`. */
  close(): void;
}

/** Makes links. */
export interface PeerLinks {
  /**
   * The open link to this life of a peer, or a new one, said hello to. Throws `UNREACHABLE`, `TIMED_OUT`,
   * `VERSION_MISMATCH`. Every `open` is matched by a `release`; the last release closes the link.
   */
  open(address: HolderAddress): Promise<PeerLink>;
  release(link: PeerLink): void;
}
