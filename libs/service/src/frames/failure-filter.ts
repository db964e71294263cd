import { Catch, type ArgumentsHost, type RpcExceptionFilter } from '@nestjs/common';
import type { WireFailure } from '@p2p/protocol';
import { throwError, type Observable } from 'rxjs';
import { toFailure } from '../failures/to-failure.js';
import type { Logger } from '../logging/logger.js';

/**
 * Turns whatever a message handler throws into what crosses the wire. Mistakes of ours are logged with their cause,
 * which is never sent.
 */
@Catch()
export class FailureFilter implements RpcExceptionFilter {
  readonly #logger: Pick<Logger, 'error'>;

  constructor(logger: Pick<Logger, 'error'>) {
    this.#logger = logger;
  }

  catch(exception: unknown, host: ArgumentsHost): Observable<WireFailure> {
    const failure = toFailure(exception);
    if (failure.code === 'INTERNAL') {
      const pattern: unknown = host.getArgByIndex<{ getPattern?(): unknown } | undefined>(1)?.getPattern?.();
      this.#logger.error('handler_failed', { pattern, error: failure.cause ?? failure });
    }
    return throwError(() => failure.toWire());
  }
}
