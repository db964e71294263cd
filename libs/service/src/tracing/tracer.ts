export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  readonly attributes?: SpanAttributes;
  /** When it began, in ms since 1970, with fractions; now unless given. */
  readonly startedAt?: number;
  /** `client` asks another process, `server` answers one; neither unless given. */
  readonly kind?: 'client' | 'server';
}

export interface SpanEnd {
  readonly attributes?: SpanAttributes;
  /** Why it failed; it has not unless given. */
  readonly failure?: string;
  /** In ms since 1970; now unless given. */
  readonly endedAt?: number;
}

/** A piece of work in a trace that is recorded. */
export interface Span {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** What the request carries to the process that works for this span: W3C Trace Context. */
  readonly traceparent: string;
  child(name: string, options?: SpanOptions): Span;
  /** Something that happened in it. */
  event(name: string, attributes?: SpanAttributes): void;
  /** To be called once. */
  end(options?: SpanEnd): void;
}

/** Begins spans. Undefined stands for a trace that is not recorded: whoever gets it does nothing more for it. */
export interface Tracer {
  /** A trace of its own. */
  begin(name: string, options?: SpanOptions): Span | undefined;
  /** Part of the trace that a request came with; what is no `traceparent` belongs to none. */
  join(name: string, traceparent: string | undefined, options?: SpanOptions): Span | undefined;
}

/** Records nothing, and costs nothing. */
export const noTracer: Tracer = {
  begin: () => undefined,
  join: () => undefined,
};
