import { toFailure } from '../failures/to-failure.js';
import { TRACES_FLUSH_DEADLINE_MS } from '../limits.js';
import type { Logger } from '../logging/logger.js';
import { noTracer } from './tracer.js';
import type { Tracing, TracingIdentity } from './tracing.js';

export interface TracingOptions extends TracingIdentity {
  /** Whether somebody is there to send traces to. Without, nothing of OpenTelemetry is loaded. */
  readonly isOn: boolean;
  readonly logger: Logger;
}

/** To be awaited before anything else starts. Traces are never a reason not to: a problem with them is logged. */
export async function startTracing({ isOn, logger, ...identity }: TracingOptions): Promise<Tracing> {
  const off: Tracing = { tracer: noTracer, stop: () => Promise.resolve() };
  if (!isOn) return off;
  try {
    const { startOpenTelemetry } = await import('./open-telemetry.js');
    const { tracer, stop } = startOpenTelemetry(identity, logger);
    return { tracer, stop: () => withinDeadline(stop(), logger) };
  } catch (error) {
    logger.warn('tracing.problem', { message: toFailure(error).message });
    return off;
  }
}

/** A collector that does not answer must not keep a process from ending. */
async function withinDeadline(stopping: Promise<void>, logger: Logger): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, TRACES_FLUSH_DEADLINE_MS);
  try {
    await Promise.race([stopping, late.promise]);
  } catch (error) {
    logger.warn('tracing.problem', { message: toFailure(error).message });
  } finally {
    clearTimeout(timer);
  }
}
