import { Failure, type FileId, type Manifest } from '@p2p/protocol';
import { toFailure, type Logger } from '@p2p/service';
import type { PeerLink } from '../links/peer-link.js';
import { SAY_WAITING_MS } from '../limits.js';
import type { Clock } from './clock.js';
import type { DownloadMetrics } from './download-metrics.js';
import { ManifestFetcher } from './manifest-fetcher.js';
import type { SourcePool } from './source-pool.js';

export interface ManifestSearchOptions {
  readonly file: FileId;
  readonly holderWaitMs: number;
  readonly signal: AbortSignal;
  /** Whether there is nobody to ask, once a second. */
  readonly onWaiting: (isWaiting: boolean) => void;
}

/** Gets the manifest from whichever holder appears, for as long as a download waits for holders. */
export class ManifestSearch {
  readonly #components: { readonly pool: SourcePool; readonly metrics: DownloadMetrics; readonly clock: Clock; readonly logger: Logger };
  readonly #options: ManifestSearchOptions;
  readonly #fetcher: ManifestFetcher;
  readonly #found = Promise.withResolvers<Manifest>();
  readonly #giveUpAt: number;
  #cancelLook: (() => void) | undefined;

  constructor(
    components: { readonly pool: SourcePool; readonly metrics: DownloadMetrics; readonly clock: Clock; readonly logger: Logger },
    options: ManifestSearchOptions,
  ) {
    this.#components = components;
    this.#options = options;
    this.#giveUpAt = components.clock.now() + options.holderWaitMs;
    this.#fetcher = new ManifestFetcher(components, {
      file: options.file,
      onManifest: (manifest) => this.#found.resolve(manifest),
      onRejected: (holder, failure) => {
        components.logger.warn('download.manifest_rejected', { source: holder, reason: failure.message });
        components.metrics.rejected('malformed');
        components.pool.quarantine(holder);
      },
    });
  }

  /** A holder is connected that can be asked. */
  add(link: PeerLink): void {
    this.#fetcher.add(link);
  }

  /** Throws `NO_HOLDERS` when the wait is over, and what the signal was aborted with. */
  async run(): Promise<Manifest> {
    const { signal } = this.#options;
    const onAbort = (): void => this.#found.reject(toFailure(signal.reason));
    signal.addEventListener('abort', onAbort);
    try {
      signal.throwIfAborted();
      this.#lookLater();
      return await this.#found.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#cancelLook?.();
      this.#fetcher.close();
    }
  }

  #lookLater(): void {
    const { clock } = this.#components;
    const untilEndMs = this.#giveUpAt - clock.now();
    this.#cancelLook = clock.wait(untilEndMs > 0 ? Math.min(SAY_WAITING_MS, untilEndMs) : SAY_WAITING_MS, () => this.#look());
  }

  /** A manifest that is on its way is waited for, however long: it may be 32 MiB on a slow link. */
  #look(): void {
    const { clock, pool } = this.#components;
    const isAsking = this.#fetcher.askedCount > 0;
    const connected = pool.connectedCount;
    this.#options.onWaiting(!isAsking && connected === 0);
    if (!isAsking && clock.now() >= this.#giveUpAt) {
      const waitedSeconds = Math.round(this.#options.holderWaitMs / 1000);
      const what =
        connected === 0
          ? 'no holder of this file could be reached'
          : `none of the ${connected} connected holders has the manifest of this file`;
      this.#found.reject(new Failure('NO_HOLDERS', `${what} within ${waitedSeconds} s; start it again when a holder is back`));
      return;
    }
    this.#lookLater();
  }
}
