import type { Logger } from '../logging/logger.js';

export interface SignalOptions {
  readonly logger: Logger;
  /** Milliseconds that stopping may take. */
  readonly deadlineMs: number;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Calls `stop` at the first SIGTERM or SIGINT and ends the process with 0 when it is done. A second signal, a deadline
 * that passed, or a `stop` that failed end it with 1. To be called once, by `main.ts`.
 */
export function onSignals(stop: (signal: string) => Promise<void>, options: SignalOptions): void {
  const { logger, deadlineMs } = options;
  let isStopping = false;
  const onSignal = (signal: string): void => {
    if (isStopping) {
      logger.warn('stopped', { signal, reason: 'a second signal came before stopping was done' });
      process.exit(1);
    }
    isStopping = true;
    logger.info('stopping', { signal, deadlineMs });
    const deadline = setTimeout(() => {
      logger.error('stopped', { signal, reason: `stopping took longer than ${deadlineMs} ms` });
      process.exit(1);
    }, deadlineMs);
    void stopThenExit(() => stop(signal), logger).finally(() => clearTimeout(deadline));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

async function stopThenExit(stop: () => Promise<void>, logger: Logger): Promise<void> {
  try {
    await stop();
  } catch (error) {
    logger.error('stopped', { reason: 'stopping failed', error });
    process.exit(1);
  }
  logger.info('stopped');
  process.exit(0);
}
