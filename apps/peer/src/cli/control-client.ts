import type { FileId, PeerId } from '@p2p/protocol';
import type { CatalogueEntry, DownloadBody, DownloadStatus, PeerStatus, Share, ShareBody, ShareProgress } from '../control/api.js';
import {
  catalogueAnswerSchema,
  downloadStatusSchema,
  flightLineSchema,
  leavingSchema,
  peerStatusSchema,
  shareProgressSchema,
  unsharedSchema,
} from './answers.js';
import type { HttpClient } from './http-client.js';

/** The control API of control/api.ts as functions. All throw like `HttpClient.request`. */
export class ControlClient {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  get url(): string {
    return this.#http.url;
  }

  status(signal?: AbortSignal): Promise<PeerStatus> {
    return this.#http.request({ method: 'GET', path: '/v1/status' }, peerStatusSchema, signal);
  }

  /** The whole catalogue, page by page. */
  async *catalogue(peer: PeerId | undefined, signal: AbortSignal): AsyncGenerator<readonly CatalogueEntry[], void, undefined> {
    let last: CatalogueEntry | undefined;
    for (;;) {
      const query = { peer, afterName: last?.name, afterId: last?.id };
      const { entries, more } = await this.#http.request({ method: 'GET', path: '/v1/catalogue', query }, catalogueAnswerSchema, signal);
      yield entries;
      last = entries.at(-1);
      if (!more || last === undefined) return;
    }
  }

  share(body: ShareBody, signal: AbortSignal): AsyncGenerator<ShareProgress, void, undefined> {
    return this.#http.stream({ method: 'POST', path: '/v1/shares', body }, shareProgressSchema, signal);
  }

  async unshare(target: string, signal: AbortSignal): Promise<readonly Share[]> {
    return (await this.#http.request({ method: 'DELETE', path: '/v1/shares', query: { target } }, unsharedSchema, signal)).unshared;
  }

  startDownload(body: DownloadBody): Promise<DownloadStatus> {
    return this.#http.request({ method: 'POST', path: '/v1/downloads', body }, downloadStatusSchema);
  }

  downloadEvents(id: FileId, signal: AbortSignal): AsyncGenerator<DownloadStatus, void, undefined> {
    return this.#http.stream({ method: 'GET', path: `/v1/downloads/${id}/events` }, downloadStatusSchema, signal);
  }

  /** What happened in a download that was started with `trace`. */
  downloadTrace(id: FileId): AsyncGenerator<object, void, undefined> {
    return this.#http.stream({ method: 'GET', path: `/v1/downloads/${id}/trace` }, flightLineSchema);
  }

  cancelDownload(target: string, options: { readonly discard: boolean }): Promise<DownloadStatus> {
    const query = { target, discard: String(options.discard) };
    return this.#http.request({ method: 'DELETE', path: '/v1/downloads', query }, downloadStatusSchema);
  }

  async leave(signal: AbortSignal): Promise<void> {
    await this.#http.request({ method: 'POST', path: '/v1/leave' }, leavingSchema, signal);
  }
}
