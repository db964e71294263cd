import type { Failure } from '@p2p/protocol';
import type { Logger } from '../logging/logger.js';
import { REJECTIONS_LOGGED_MAX, REJECTIONS_LOGGED_MS } from './limits.js';

export interface RejectionLogComponents {
  readonly logger: Pick<Logger, 'warn'>;
  /** A monotonic clock in ms. */
  readonly now?: () => number;
}

/**
 * Tells of connections that were cut off, but not of all: whoever is sent rubbish by the thousand must not fill the disk
 * with lines about it. Metrics count every one.
 */
export class RejectionLog {
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #now: () => number;
  #sinceMs = -Infinity;
  #told = 0;
  #untold = 0;

  constructor({ logger, now = () => performance.now() }: RejectionLogComponents) {
    this.#logger = logger;
    this.#now = now;
  }

  /** `remote` is who was cut off. A line says how many before it were not told of. */
  rejected({ failure, remote }: { readonly failure: Failure; readonly remote: string }): void {
    const nowMs = this.#now();
    if (nowMs - this.#sinceMs >= REJECTIONS_LOGGED_MS) {
      this.#sinceMs = nowMs;
      this.#told = 0;
    }
    if (this.#told >= REJECTIONS_LOGGED_MAX) {
      this.#untold++;
      return;
    }
    this.#told++;
    const untold = this.#untold === 0 ? {} : { untold: this.#untold };
    this.#untold = 0;
    this.#logger.warn('frame_rejected', { code: failure.code, message: failure.message, remote, ...untold });
  }
}
