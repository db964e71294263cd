import path from 'node:path';
import { Failure, fileIdSchema, segmentBytesOf, type Codec, type FileId, type PeerId } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import { throwError, type Observable } from 'rxjs';
import { DOWNLOADS_ENDED_MAX, DOWNLOADS_QUEUED_MAX, DOWNLOAD_WATCHERS_MAX } from '../limits.js';
import { evictAbandoned } from './abandoned-parts.js';
import { DownloadEntry } from './download-entry.js';
import type { DownloadSnapshot } from './download-metrics.js';
import { DownloadRunner, type DownloadRunnerComponents } from './download-runner.js';
import type { DownloadStatus, Downloads } from './downloads.js';
import type { Job } from './job.js';
import { JobStore } from './job-store.js';
import { assertOutputFree, resolveOutput, type OutputPath } from './output-path.js';
import { PARTIAL_FOLDER } from './part-paths.js';
import { boundedStatusStream } from './status-stream.js';
import { resolveTarget, type ResolvedTarget } from './target-resolution.js';

export type DownloadsManagerComponents = Omit<DownloadRunnerComponents, 'store'>;

export interface DownloadsManagerOptions {
  readonly self: PeerId;
  readonly dataDir: string;
  readonly downloadsMax: number;
  readonly sourcesMax: number;
  readonly holderWaitMs: number;
  readonly codecs: readonly Codec[];
}

const WHY_STOPPED = { cancelled: 'the download was cancelled; what it has is kept', stopped: 'the peer stops; the download goes on at its next start' };
