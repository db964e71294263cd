import { CODECS, DIARY_PATTERNS, type FailureCode } from '@p2p/protocol';
import { counter, everyCombination, gauge, histogram, type MetricDefinition } from './metric-definition.js';

/** From a segment on a fast LAN (1 ms) to one on a link of 17 KiB/s (60 s). */
const SEGMENT_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Phases inside a process begin at tens of microseconds. */
const PHASE_SECONDS = [0.0001, 0.00025, 0.0005, ...SEGMENT_SECONDS];

const DOWNLOAD_SECONDS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

/** Most requests take tens of microseconds; one that removes a peer with many files takes milliseconds. */
const REQUEST_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

const DIRECTIONS = ['download', 'upload'];

/** How a request for a segment ended for who asked. */
export const DOWNLOAD_OUTCOMES = ['verified', 'corrupt', 'refused', 'cancelled', 'lost'] as const;

/**
 * What became of it for who was asked: sent whole; given up because the asker said so; lost with its connection;
 * refused (`NOT_HELD`, `BUSY`, `DRAINING`); failed (the file changed, the disk failed).
 */
export const UPLOAD_OUTCOMES = ['sent', 'cancelled', 'lost', 'refused', 'failed'] as const;

/** Where the time of a segment goes. `queue`: whole in its buffer, until the worker takes it up. */
export const SEGMENT_PHASES = ['queue', 'first_byte', 'body', 'decompress', 'verify', 'write'] as const;

/** What a connection can be cut off for. */
const FRAMES_REJECTED = counter(
  'p2p_frames_rejected_total',
  'Frames that broke a bound or were not what they must be; their connection was cut off.',
  {
    reason: ['BAD_REQUEST', 'LIMIT_EXCEEDED', 'TIMED_OUT', 'BUSY', 'INTERNAL'],
  },
);

/** What a request can be answered with instead of what it asked for: the failures that cross the wire (docs/PROTOCOL.md). */
const REQUESTS_REFUSED = counter('p2p_requests_refused_total', 'Requests of other processes that were answered with a failure, by why.', {
  reason: [
    'BAD_REQUEST',
    'BAD_NAME',
    'VERSION_MISMATCH',
    'NOT_FOUND',
    'NOT_HELD',
    'FILE_CHANGED',
    'BUSY',
    'DRAINING',
    'CANCELLED',
    'LIMIT_EXCEEDED',
    'PEER_ID_TAKEN',
    'NOT_JOINED',
    'CONNECTION_LOST',
    'DISK_FAILED',
    'INTERNAL',
  ] satisfies FailureCode[],
});

/** Always 1: what runs, as labels, to be joined to other series. */
export const BUILD_INFO_NAME = 'p2p_build_info';

/** What a peer says on /metrics, beside Node's default metrics. No label is a file name or a peer id: the number of series is bounded. */
export const PEER_METRICS = {
  segmentTransfer: histogram(
    'p2p_segment_transfer_duration_seconds',
    'From asking for a segment (download) or being asked (upload) to its end, by how it ended and how it was encoded.',
    SEGMENT_SECONDS,
    [
      ...everyCombination({ direction: ['download'], outcome: DOWNLOAD_OUTCOMES, codec: CODECS }),
      ...everyCombination({ direction: ['upload'], outcome: UPLOAD_OUTCOMES, codec: CODECS }),
    ],
  ),
  segmentPhase: histogram(
    'p2p_segment_phase_duration_seconds',
    'Where the time of a downloaded segment goes.',
    PHASE_SECONDS,
    everyCombination({ phase: SEGMENT_PHASES }),
  ),
  transferBytes: counter(
    'p2p_transfer_bytes_total',
    'Bytes of segments moved: wire as they were encoded, file as they are once decoded and verified.',
    {
      direction: DIRECTIONS,
      form: ['wire', 'file'],
    },
  ),
  compressionSaved: counter(
    'p2p_compression_saved_bytes_total',
    'Bytes of verified (download) or sent (upload) segments that compression kept off the wire.',
    { direction: DIRECTIONS },
  ),
  segmentsInFlight: gauge(
    'p2p_segments_in_flight',
    'Segments asked for and not yet received (download), or asked of us and not yet sent (upload).',
    { direction: DIRECTIONS },
  ),
  redistributed: counter('p2p_segments_redistributed_total', 'Segments that one holder owed and another was to deliver, by why.', {
    reason: ['source_left', 'source_silent', 'source_slow', 'corrupt', 'refused'],
  }),
  hedged: counter('p2p_segments_hedged_total', 'Segments asked of a second holder because the first was slow.'),
  hedgeWasted: counter('p2p_hedge_wasted_bytes_total', 'Bytes received that did not become a verified segment.'),
  rejected: counter('p2p_segments_rejected_total', 'Segments received and not accepted, by why.', {
    reason: ['failed_verification', 'oversize', 'malformed'],
  }),
  framesRejected: FRAMES_REJECTED,
  requestsRefused: REQUESTS_REFUSED,
  downloadDuration: histogram(
    'p2p_download_duration_seconds',
    'Duration of ended downloads: the parallel transfer alone, and in total.',
    DOWNLOAD_SECONDS,
    everyCombination({ phase: ['transfer', 'total'], outcome: ['done', 'failed', 'cancelled'] }),
  ),
  downloadLimited: counter(
    'p2p_download_limited_seconds_total',
    'Seconds of running downloads in which this was at its bound: what is so most of the time bounds the speed.',
    { by: ['source', 'link', 'disk', 'cpu', 'delay'] },
  ),
  downloadsActive: gauge('p2p_downloads_active', 'Downloads under way.'),
  downloadsQueued: gauge('p2p_downloads_queued', 'Downloads waiting for a place.'),
  downloadSources: gauge('p2p_download_sources', 'Connected sources of all active downloads.'),
  downloadProgress: gauge('p2p_download_progress_ratio', 'Verified over wanted bytes of all active downloads; 1 when there is none.'),
  downloadLastProgress: gauge(
    'p2p_download_last_progress_timestamp_seconds',
    'When a segment was last verified, in seconds since 1970; 0 before the first.',
  ),
  dataFreeBytes: gauge('p2p_data_free_bytes', 'Free bytes where downloads are written.'),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** What a diary says on /metrics, beside Node's default metrics. */
export const DIARY_METRICS = {
  requestDuration: histogram(
    'p2p_diary_request_duration_seconds',
    'Time to answer a request; of holders.watch, to its first message.',
    REQUEST_SECONDS,
    everyCombination({ request: Object.values(DIARY_PATTERNS) }),
  ),
  departures: counter(
    'p2p_diary_departures_total',
    'Peers that are no longer listed, by why. A newer life of a peer taking the place of an older one is none.',
    { reason: ['left', 'connection_closed', 'lease_expired'] },
  ),
  framesRejected: FRAMES_REJECTED,
  requestsRefused: REQUESTS_REFUSED,
  peers: gauge('p2p_diary_peers', 'Peers with a lease.'),
  files: gauge('p2p_diary_files', 'Different contents that somebody holds.'),
  watchers: gauge('p2p_diary_watchers', 'Open watches of holders.'),
} as const satisfies Readonly<Record<string, MetricDefinition>>;
