import { BODY_CHUNK_BYTES_MAX, FRAME_HEADER_BYTES_MAX, MANIFEST_BYTES_MAX } from '@p2p/protocol';

/** The bounds of one connection. Those of what crosses the wire are in @p2p/protocol. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** From a message's first byte to its last, in ms, and from the opening of a connection to the end of its first message. */
export const INCOMPLETE_FRAME_MS = 10_000;

/** A connection on which nothing is asked and nothing is under way for this long, in ms, is closed. A download always has a stream under way. */
export const CONNECTION_IDLE_MS = 60_000;

/** A connection on which nothing came for this long, in ms, is probed by the kernel, and is closed 10 s later when nothing answers. */
export const KEEP_ALIVE_DELAY_MS = 10_000;

/** Bytes of one chunk of an unpaced body, on a link that is not known to be fast: 64 KiB cost up to 10 % more. */
export const CHUNK_BYTES_MIN = 256 * KIB;

/** ... and on one that takes it in no time: each chunk costs both sides some 30 us, whatever its size. */
export const CHUNK_BYTES_MAX = BODY_CHUNK_BYTES_MAX;

/** What a link takes in so many ms is one chunk, within those bounds: so long may a cancel wait for the chunk before it. */
export const CHUNK_MS = 2;

/**
 * Chunks waiting in a socket up to which bodies add to them: one with the kernel and one to follow, and what announces
 * them. More would delay a cancel for nothing.
 */
export const CHUNKS_QUEUED_MAX = 2;
export const ANNOUNCEMENT_BYTES = 4 * KIB;

/** Above this many bytes waiting in a socket nothing more is read from it: who does not read its answers gets no more of them. */
export const READ_PAUSE_BYTES = 3 * MIB;

/** Bytes waiting in a socket at which it is cut off: 64 of the largest messages, more than one read of requests can ask for. */
export const SEND_QUEUED_BYTES_MAX = 64 * FRAME_HEADER_BYTES_MAX;

/** Bytes of messages waiting in all connections of a server: above it those that have more than their share waiting are cut off. */
export const SEND_QUEUED_TOTAL_BYTES_MAX = 256 * MIB;

/** The share that a connection may always let wait: an answer of any size may come on top, for one that reads before it asks again. */
export const SEND_QUEUED_SHARE_BYTES = 64 * KIB;

/** Bytes wait and the other side takes none for this long, in ms: it is dead or means harm, and holds our buffers. */
export const SEND_STALL_MS = 60_000;

/**
 * When a time-out strikes, what has come meanwhile is read for this long, in ms, before it counts: a process that was
 * itself held up finds its timers due before it has looked at its sockets.
 */
export const SECOND_LOOK_MS = 1;

/** Characters of a pattern: ours have 20. */
export const PATTERN_LENGTH_MAX = 128;

/** Characters of a request's id: Nest's own are 21 and 36 characters long. */
export const REQUEST_ID_LENGTH_MAX = 64;

/** Cut-off connections that are told of in the log, in so many ms; more are counted only. */
export const REJECTIONS_LOGGED_MAX = 20;
export const REJECTIONS_LOGGED_MS = 10_000;

/** Events of one connection being handled: one read of the socket holds 64 KiB, which is 1000 of the shortest. */
export const EVENTS_IN_FLIGHT_MAX = 4096;

/** When to ask again after too many requests at once, in ms. */
export const BUSY_RETRY_AFTER_MS = 100;

/** A paced body is written this often, in ms: a timer a packet reaches 9 % of the rate at 0.1 ms, this keeps it within 0.4 %. */
export const PACE_TICK_MS = 5;

/** After the process was held up, at most so much lost time is made up for, in ms: the bytes must trickle, not burst. */
export const PACE_CATCH_UP_MS = 250;

/** A rate is sampled after so many ms of sending or so many bytes: less says more of the kernel's buffer than of the link. */
export const RATE_SAMPLE_MS = 50;
export const RATE_SAMPLE_BYTES = 4 * MIB;

/** Weight of the newest sample in the measured rate. */
export const RATE_SAMPLE_WEIGHT = 0.3;

/** Requests of a connection that were given up and whose answers may still come. A side that owes so many is not alive. */
export const FORGOTTEN_REQUESTS_MAX = 1024;

/** Bytes of a late body that are read and thrown away: the largest there is. */
export const DISCARDED_BODY_BYTES_MAX = MANIFEST_BYTES_MAX;

if (READ_PAUSE_BYTES <= CHUNKS_QUEUED_MAX * CHUNK_BYTES_MAX + ANNOUNCEMENT_BYTES)
  throw new Error('bodies alone must not stop the reading of requests');
if (SEND_QUEUED_BYTES_MAX <= READ_PAUSE_BYTES) throw new Error('reading must stop before the connection is cut off');
