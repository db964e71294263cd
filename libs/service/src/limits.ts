/** Every bound of what both apps share at the edge. Bounds of what crosses the wire are in @p2p/protocol. */

// ---- ops: /metrics and /health ----

/** Connections at a time: Prometheus keeps one or two, the kubelet opens one a probe, people a few. */
export const OPS_CONNECTIONS_MAX = 64;

/** Bytes of a request's headers: a scraper's are under 1 KiB. */
export const OPS_HEADER_BYTES_MAX = 8 * 1024;

/** Milliseconds in which a request must have come whole: longer than any probe's own time-out. */
export const OPS_REQUEST_TIMEOUT_MS = 10_000;

/** Milliseconds an idle connection is kept: longer than the usual scrape interval of 15 s. */
export const OPS_KEEP_ALIVE_MS = 20_000;

// ---- metrics ----

/** How often the event loop's lag is looked at, in ms: looking every 10 ms, as prom-client would, takes half a percent of a processor. */
export const EVENT_LOOP_SAMPLE_MS = 100;

// ---- tracing ----

/** Milliseconds that the last spans have to reach their collector when the process ends. */
export const TRACES_FLUSH_DEADLINE_MS = 2000;

/** A problem with traces is told this often at most, in ms: a collector that is away would otherwise have a line a batch. */
export const TRACING_PROBLEM_EVERY_MS = 30_000;
