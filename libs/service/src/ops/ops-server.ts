import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toFailure } from '../failures/to-failure.js';
import { OPS_CONNECTIONS_MAX, OPS_HEADER_BYTES_MAX, OPS_KEEP_ALIVE_MS, OPS_REQUEST_TIMEOUT_MS } from '../limits.js';
import type { Logger } from '../logging/logger.js';

/** A document of metrics, as prom-client's registry gives it. */
export interface MetricsDocument {
  readonly contentType: string;
  readonly body: string;
}

export interface Readiness {
  readonly ok: boolean;
  /** Sentences that say why it is not ready, or what is amiss though it is. */
  readonly reasons: readonly string[];
}

export interface OpsServerOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** All addresses unless given. */
  readonly host?: string;
  metrics(reader: { readonly takesOpenMetrics: boolean }): Promise<MetricsDocument>;
  ready(): Readiness;
  readonly logger: Logger;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The door for those who look after the process: `/metrics`, `/health/live` and `/health/ready`, and nothing else. */
export class OpsServer {
  readonly #options: OpsServerOptions;
  readonly #server: Server;
  /** Scrapes that come while one is being put together share it: a thousand of them cost what one costs. */
  readonly #metrics = new Map<boolean, Promise<MetricsDocument>>();

  private constructor(options: OpsServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: OPS_HEADER_BYTES_MAX,
        headersTimeout: OPS_REQUEST_TIMEOUT_MS,
        requestTimeout: OPS_REQUEST_TIMEOUT_MS,
        keepAliveTimeout: OPS_KEEP_ALIVE_MS,
      },
      (request, response) => void this.#handle(request, response),
    );
    this.#server.maxConnections = OPS_CONNECTIONS_MAX;
  }

  /** Throws `PORT_TAKEN`, or `ACCESS_DENIED` for a port that the system keeps to itself. */
  static async start(options: OpsServerOptions): Promise<OpsServer> {
    const ops = new OpsServer(options);
    await new Promise<void>((resolve, reject) => {
      const onError = (error: Error): void => reject(toFailure(error, `cannot listen on port ${options.port} for metrics and health`));
      ops.#server.once('error', onError);
      ops.#server.listen({ port: options.port, host: options.host }, () => {
        ops.#server.off('error', onError);
        ops.#server.on('error', (error) => options.logger.warn('ops_server_failed', { error: toFailure(error) }));
        resolve();
      });
    });
    return ops;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves when every connection is closed. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // What the request brings along is not for us, but unread it would keep the connection from its next request.
    request.resume();
    const answer = await this.#answer(request);
    const body = Buffer.from(answer.body);
    response.writeHead(answer.status, {
      'content-type': answer.contentType,
      'content-length': body.length,
      'cache-control': 'no-store',
      ...(answer.status === 405 ? { allow: 'GET, HEAD' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'only GET and HEAD are answered here\n');
    // The query belongs to whoever asks; "?probe=kubelet" asks for the same thing.
    switch (request.url?.split('?', 1)[0]) {
      case '/metrics':
        return this.#metricsAnswer(request.headers.accept?.includes('application/openmetrics-text') === true);
      case '/health/live':
        return json(200, { ok: true });
      case '/health/ready':
        return this.#readyAnswer();
      default:
        return text(404, 'there are /metrics, /health/live and /health/ready here\n');
    }
  }

  async #metricsAnswer(takesOpenMetrics: boolean): Promise<Answer> {
    try {
      let document = this.#metrics.get(takesOpenMetrics);
      document ??= this.#options.metrics({ takesOpenMetrics }).finally(() => this.#metrics.delete(takesOpenMetrics));
      this.#metrics.set(takesOpenMetrics, document);
      const { contentType, body } = await document;
      return { status: 200, contentType, body };
    } catch (error) {
      return this.#failed('metrics_failed', error);
    }
  }

  #readyAnswer(): Answer {
    try {
      const { ok, reasons } = this.#options.ready();
      return json(ok ? 200 : 503, { ok, reasons });
    } catch (error) {
      return this.#failed('ready_check_failed', error);
    }
  }

  #failed(event: string, error: unknown): Answer {
    const failure = toFailure(error);
    this.#options.logger.error(event, { error: failure });
    return text(500, `${failure.code}: ${failure.message}\n`);
  }
}

function text(status: number, body: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

function json(status: number, value: unknown): Answer {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}
