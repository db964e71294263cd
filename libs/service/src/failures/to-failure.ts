import { Failure, type FailureCode } from '@p2p/protocol';
import { classify } from './classify.js';

/**
 * The failure for anything that was thrown: the only translation from Node's, Nest's and the operating system's errors
 * to our codes. A `Failure` comes back unchanged, unless `context` is to be put before its message. The error itself
 * becomes the cause, for the log; what may be sent is the sentence alone.
 */
export function toFailure(error: unknown, context?: string): Failure {
  if (error instanceof Failure) {
    if (context === undefined) return error;
    const { code, message, retryAfterMs } = error;
    return withContext(context, code, message, { cause: error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }
  const { code, sentence } = classify(error);
  return withContext(context, code, sentence, { cause: error });
}

function withContext(
  context: string | undefined,
  code: FailureCode,
  sentence: string,
  options: { readonly cause: unknown; readonly retryAfterMs?: number },
): Failure {
  return new Failure(code, context === undefined ? sentence : `${context}: ${sentence}`, options);
}
