import type { CatalogueEntry } from '@p2p/protocol';
import type { DownloadStatus } from '../download/downloads.js';
import type { Share, ShareProgress } from '../share/shares.js';

/**
 * The control API, as JSON over HTTP on `P2P_CONTROL_HOST`:`P2P_CONTROL_PORT`. Every request carries
 * `Authorization: Bearer TOKEN`, where TOKEN is the content of `control.token` in the peer's data directory.
 * A failure is `{ "failure": { code, message } }` with a fitting status. Streams are one JSON object a line
 * (`application/x-ndjson`); a failure in a stream is its last line.
 *
 * | method and path | body | answer |
 * | --- | --- | --- |
 * | GET /v1/status | | PeerStatus |
 * | GET /v1/catalogue?peer=&afterName=&afterId=&limit= | | CatalogueAnswer |
 * | GET /v1/shares | | { shares: Share[] } |
 * | POST /v1/shares | ShareBody | stream of ShareProgress |
 * | DELETE /v1/shares?target= | | { unshared: Share[] } |
 * | GET /v1/downloads | | { downloads: DownloadStatus[] } |
 * | POST /v1/downloads | DownloadBody | DownloadStatus |
 * | GET /v1/downloads/:id/events | | stream of DownloadStatus, until it ends |
 * | DELETE /v1/downloads?target=&discard= | | DownloadStatus |
 * | POST /v1/leave | | { leaving: true }; the peer drains and exits |
 */
export interface PeerStatus {
  readonly peer: string;
  readonly version: string;
  readonly protocolVersion: number;
  readonly startedAt: string;
  readonly diary: { readonly address: string; readonly connected: boolean };
  readonly advertised: string;
  readonly draining: boolean;
  readonly dataDir: string;
  readonly freeBytes: number;
  readonly shares: number;
  readonly sharedBytes: number;
  readonly uploads: { readonly active: number; readonly fileBytes: number; readonly wireBytes: number };
  readonly downloads: readonly DownloadStatus[];
}

export interface CatalogueAnswer {
  readonly entries: readonly CatalogueEntry[];
  readonly more: boolean;
}

export interface ShareBody {
  /** Absolute path of a file or folder on the peer's machine. */
  readonly path: string;
  readonly name?: string;
}

export interface DownloadBody {
  readonly target: string;
  /** Absolute path. */
  readonly output?: string;
  readonly overwrite?: boolean;
  /** Keep a record of what happens, for `GET /v1/downloads/ID/trace`. */
  readonly trace?: boolean;
}

export interface FailureAnswer {
  readonly failure: { readonly code: string; readonly message: string };
}

export type { CatalogueEntry, DownloadStatus, Share, ShareProgress };
