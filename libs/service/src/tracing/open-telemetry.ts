// Loaded only where traces go somewhere: what it imports takes a tenth of a second and tens of megabytes.
import { diag, DiagLogLevel, trace } from '@opentelemetry/api';
import { startNodeSdk } from '@opentelemetry/sdk-node';
import { TRACING_PROBLEM_EVERY_MS } from '../limits.js';
import type { Logger } from '../logging/logger.js';
import { OpenTelemetryTracer } from './open-telemetry-tracer.js';
import type { Tracing, TracingIdentity } from './tracing.js';

/** Starts the SDK for traces alone, by the standard variables, which it reads itself. */
export function startOpenTelemetry({ service, instance, version }: TracingIdentity, logger: Logger): Tracing {
  const sdk = startNodeSdk({
    // It would write to the console, where our lines of JSON go.
    logLevel: 'none',
    metricReaders: [],
    logRecordProcessors: [],
    resourceAttributes: { 'service.name': service, 'service.instance.id': instance, 'service.version': version },
  });
  let saidAtMs = -Infinity;
  const problem = (message: string): void => {
    if (performance.now() - saidAtMs < TRACING_PROBLEM_EVERY_MS) return;
    saidAtMs = performance.now();
    logger.warn('tracing.problem', { message });
  };
  const nothing = (): void => undefined;
  diag.setLogger(
    { error: problem, warn: problem, info: nothing, debug: nothing, verbose: nothing },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  return {
    tracer: new OpenTelemetryTracer(trace.getTracer('p2p', version)),
    stop: () => sdk.shutdown(),
  };
}
