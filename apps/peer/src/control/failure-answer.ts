import type { ServerResponse } from 'node:http';
import type { Failure } from '@p2p/protocol';
import type { Logger } from '@p2p/service';
import type { FailureAnswer } from './api.js';
import { statusOf } from './http-status.js';

/** A failure as the client sees it. What is a mistake of ours is told to the log, with its cause, and not to the client. */
export function failureAnswer(failure: Failure, logger: Logger): FailureAnswer {
  if (failure.code !== 'INTERNAL') return { failure: failure.toWire() };
  logger.error('control request failed', { error: failure });
  return { failure: { code: 'INTERNAL', message: 'the peer failed at this by a mistake of its own; its log tells more' } };
}

/** Answers a request with a failure, unless its answer has begun already. */
export function sendFailure(response: ServerResponse, failure: Failure, logger: Logger): void {
  const body = `${JSON.stringify(failureAnswer(failure, logger))}\n`;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = statusOf(failure.code);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  if (failure.code === 'UNAUTHORIZED') response.setHeader('WWW-Authenticate', 'Bearer');
  if (failure.retryAfterMs !== undefined) response.setHeader('Retry-After', Math.ceil(failure.retryAfterMs / 1000));
  // A body that was refused is not read to its end, so the connection cannot carry another request.
  if (!response.req.complete) response.setHeader('Connection', 'close');
  response.end(body);
}
