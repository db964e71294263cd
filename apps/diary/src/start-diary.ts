import { NestFactory } from '@nestjs/core';
import { CONNECTION_IDLE_MS, FailureFilter, FrameServer, NestLogger, OpsServer, RejectionLog, toFailure } from '@p2p/service';
import type { Logger } from '@p2p/service';
import type { DiaryConfig } from './config.js';
import { DiaryModule } from './diary.module.js';
import { CONNECTIONS_MAX, REQUESTS_PER_CONNECTION_MAX } from './limits.js';
import { DiaryMetrics } from './metrics.js';
import { RequestTimingInterceptor } from './requests/request-timing.interceptor.js';

/** Node listens on all addresses of both families, or of IPv4 alone where there is no IPv6. */
const ALL_ADDRESSES = '';

/** The diary sends no bodies, so there is nothing to pace. */
const NO_PACE = { packetDelayMs: 0, packetBytes: 1024 };

export interface StartOptions {
  readonly logger: Logger;
  /** A monotonic clock in ms, for leases. */
  readonly now?: () => number;
}

export interface RunningDiary {
  /** The ports actually bound. */
  readonly port: number;
  readonly metricsPort: number;
  close(): Promise<void>;
}

/** Starts a diary in this process. Throws `PORT_TAKEN`, `ACCESS_DENIED`. */
export async function startDiary(config: DiaryConfig, { logger, now }: StartOptions): Promise<RunningDiary> {
  const metrics = new DiaryMetrics();
  const rejections = new RejectionLog({ logger });
  const server = new FrameServer({
    host: ALL_ADDRESSES,
    port: config.port,
    connectionsMax: CONNECTIONS_MAX,
    requestsPerConnectionMax: REQUESTS_PER_CONNECTION_MAX,
    // Peers renew their leases on theirs, three times in a lease's time.
    idleMs: Math.max(CONNECTION_IDLE_MS, config.leaseTtlMs),
    pace: NO_PACE,
    onViolation: (violation) => {
      metrics.framesRejected.inc({ reason: violation.failure.code });
      rejections.rejected(violation);
    },
    onRefusal: (reason) => metrics.requestsRefused.inc({ reason }),
  });
  const module = DiaryModule.with({ leaseTtlMs: config.leaseTtlMs, logger, metrics, ...(now === undefined ? {} : { now }) });
  const app = await NestFactory.createMicroservice(module, { strategy: server, logger: new NestLogger(logger), abortOnError: false });
  app.useGlobalFilters(new FailureFilter(logger));
  app.useGlobalInterceptors(new RequestTimingInterceptor(metrics));
  try {
    await app.listen();
    const ops = await OpsServer.start({
      port: config.metricsPort,
      metrics: () => metrics.document(),
      ready: () => ({ ok: true, reasons: [] }),
      logger,
    });
    return {
      port: server.boundPort,
      metricsPort: ops.port,
      close: async () => {
        await ops.close();
        await app.close();
      },
    };
  } catch (error) {
    await app.close();
    throw toFailure(error);
  }
}
