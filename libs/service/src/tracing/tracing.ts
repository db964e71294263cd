import type { Tracer } from './tracer.js';

/** Who the spans are from. */
export interface TracingIdentity {
  readonly service: string;
  readonly instance: string;
  readonly version: string;
}

export interface Tracing {
  readonly tracer: Tracer;
  /** Sends what there is. */
  stop(): Promise<void>;
}
