import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span as OtelSpan,
  type SpanOptions as OtelSpanOptions,
  type Tracer as OtelTracer,
} from '@opentelemetry/api';
import { formatTraceparent, readTraceparent } from './traceparent.js';
import type { Span, SpanAttributes, SpanEnd, SpanOptions, Tracer } from './tracer.js';

const KINDS = { client: SpanKind.CLIENT, server: SpanKind.SERVER };

/** The port on OpenTelemetry. Contexts are handed on, never looked up: nothing else in the process is touched. */
export class OpenTelemetryTracer implements Tracer {
  readonly #tracer: OtelTracer;

  constructor(tracer: OtelTracer) {
    this.#tracer = tracer;
  }

  begin(name: string, options: SpanOptions = {}): Span | undefined {
    return this.#recorded(name, options, ROOT_CONTEXT);
  }

  join(name: string, traceparent: string | undefined, options: SpanOptions = {}): Span | undefined {
    const parent = traceparent === undefined ? undefined : readTraceparent(traceparent);
    return parent === undefined ? undefined : this.#recorded(name, options, trace.setSpanContext(ROOT_CONTEXT, parent));
  }

  #recorded(name: string, options: SpanOptions, context: Context): Span | undefined {
    const span = this.#tracer.startSpan(name, toOtel(options), context);
    return span.isRecording() ? new OpenTelemetrySpan({ tracer: this.#tracer, span, parent: context, options }) : undefined;
  }
}

interface Started {
  readonly tracer: OtelTracer;
  readonly span: OtelSpan;
  readonly parent: Context;
  readonly options: SpanOptions;
}

/** Most spans are leaves: what only those above others need is made when it is asked for. */
class OpenTelemetrySpan implements Span {
  readonly #tracer: OtelTracer;
  readonly #span: OtelSpan;
  readonly #parent: Context;
  readonly #startedAt: number | undefined;
  #context: Context | undefined;

  constructor({ tracer, span, parent, options }: Started) {
    this.#tracer = tracer;
    this.#span = span;
    this.#parent = parent;
    this.#startedAt = options.startedAt;
  }

  get traceId(): string {
    return this.#span.spanContext().traceId;
  }

  get traceparent(): string {
    return formatTraceparent(this.#span.spanContext());
  }

  child(name: string, options: SpanOptions = {}): Span {
    this.#context ??= trace.setSpan(this.#parent, this.#span);
    const span = this.#tracer.startSpan(name, toOtel(options), this.#context);
    return new OpenTelemetrySpan({ tracer: this.#tracer, span, parent: this.#context, options });
  }

  event(name: string, attributes: SpanAttributes = {}): void {
    this.#span.addEvent(name, attributes);
  }

  end({ attributes, failure, endedAt }: SpanEnd = {}): void {
    if (attributes !== undefined) this.#span.setAttributes(attributes);
    if (failure !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    this.#span.end(endedAt ?? this.#now());
  }

  /**
   * The SDK ends a span that was given its start by Date.now(), which has no fractions: one of less than a ms would end
   * before it began. Undefined leaves it to the SDK.
   */
  #now(): number | undefined {
    return this.#startedAt === undefined ? undefined : performance.timeOrigin + performance.now();
  }
}

function toOtel({ attributes, startedAt, kind }: SpanOptions): OtelSpanOptions {
  return {
    ...(attributes === undefined ? {} : { attributes }),
    ...(startedAt === undefined ? {} : { startTime: startedAt }),
    ...(kind === undefined ? {} : { kind: KINDS[kind] }),
  };
}
