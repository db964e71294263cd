import type { ServerResponse } from 'node:http';
import { Catch, HttpException, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { Failure } from '@p2p/protocol';
import { toFailure, type Logger } from '@p2p/service';
import { CONTROL_BODY_BYTES_MAX } from '../limits.js';
import { sendFailure } from './failure-answer.js';

/** Every exception of the control API, of its handlers, of Nest and of the body parser, becomes one shape of answer. */
@Catch()
export class ControlFilter implements ExceptionFilter {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  catch(exception: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<ServerResponse>();
    sendFailure(response, controlFailure(exception, response), this.#logger);
  }
}

function controlFailure(exception: unknown, response: ServerResponse): Failure {
  if (exception instanceof NotFoundException) {
    return new Failure('NOT_FOUND', `the control API has no ${response.req.method ?? ''} ${pathOf(response.req.url ?? '')}`);
  }
  if (!(exception instanceof HttpException)) return toFailure(exception);
  if (exception.getStatus() === 413) {
    const message = `the body ${bodySize(exception)}; at most ${CONTROL_BODY_BYTES_MAX} bytes are allowed`;
    return new Failure('LIMIT_EXCEEDED', message, { cause: exception });
  }
  // The body parser found no JSON, or the router a wrong escape.
  if (exception.getStatus() === 400) {
    return new Failure('BAD_REQUEST', `the request cannot be read: ${exception.message}`, { cause: exception });
  }
  return toFailure(exception);
}

/** The body parser's error, which Nest has wrapped, knows what the head announced; in chunks nothing is announced. */
function bodySize({ cause }: HttpException): string {
  const bytes = typeof cause === 'object' && cause !== null && 'length' in cause ? cause.length : undefined;
  return typeof bytes === 'number' ? `has ${bytes} bytes` : 'is too long';
}

function pathOf(url: string): string {
  const path = url.split('?', 1)[0] ?? '';
  return path.length > 80 ? `${path.slice(0, 80)}…` : path;
}
