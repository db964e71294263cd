import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger.js';

/**
 * Nest's own lines, in our form. They are about Nest's insides, so they come at `debug`; what Nest calls an error is a
 * `warn`, because what matters of it reaches us as an exception too and is told there.
 */
export class NestLogger implements LoggerService {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#logger.debug('nest', fieldsOf(message, rest));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#logger.debug('nest', fieldsOf(message, rest));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#logger.debug('nest', fieldsOf(message, rest));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#logger.warn('nest', fieldsOf(message, rest));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#logger.warn('nest', fieldsOf(message, rest));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#logger.error('nest', fieldsOf(message, rest));
  }
}

/** Nest puts the context last, and a stack before it. */
function fieldsOf(message: unknown, rest: readonly unknown[]): Record<string, unknown> {
  const context = rest.at(-1);
  const details = rest.slice(0, -1).filter((each) => each !== undefined);
  return {
    ...(message instanceof Error ? { error: message } : { message }),
    ...(context === undefined ? {} : { context }),
    ...(details.length === 0 ? {} : { details }),
  };
}
