/**
 * Every bound of a peer process. Bounds of what crosses the wire are in @p2p/protocol, those of the planning in
 * @p2p/transfer.
 */
export const MIB = 1024 * 1024;

// ---- Downloads (apps/peer/src/download) ----

/** Bytes of the pool that segments are received into: one segment for each of 64 downloads. Only what is touched is resident. */
export const ARENA_BYTES = 64 * MIB;

/**
 * Of these, what the downloads may have in use together, where each has at least one. Eight sources with two segments of
 * 1 MiB each keep a fast link busy; twice as much took 60 % more system time (the buffers leave the cache), and its pages.
 */
export const SEGMENT_BUFFER_BYTES_MAX = 16 * MIB;

/** Downloads that wait for a place. A job on disk has a few hundred bytes, so this bounds what a script in a loop leaves behind. */
export const DOWNLOADS_QUEUED_MAX = 1000;

/** Lines of one flight record, about 200 bytes each: 16 GiB of file without a loss. */
export const FLIGHT_LINES_MAX = 16_384;

/** What bounds the speed of a download is looked at this often, in ms; and the shortest time that tells anything, at its end. */
export const SPEED_SAMPLE_MS = 500;
export const SPEED_SAMPLE_MS_MIN = 20;

/** Such looks in one flight record. When there are more, each two become one. */
export const FLIGHT_LIMITS_MAX = 2048;

/**
 * Segments of one download that have spans in its trace: the first ones, and later ones of which an attempt failed or was
 * hedged. 256 first ones would cost 9 % of the CPU time of a GiB (npm run bench -- observing), and nobody looks at as many.
 */
export const TRACED_SEGMENTS_FIRST = 64;
export const TRACED_SEGMENTS_LATER_MAX = 256;

/** Attempts with spans in one trace; later ones are summed up. */
export const TRACED_ATTEMPTS_MAX = 2048;

/** Flight records that are kept at a time: those of the downloads that were asked for last. */
export const FLIGHT_RECORDS_MAX = 4;

/** Ended downloads that `list` still shows; the oldest are forgotten. */
export const DOWNLOADS_ENDED_MAX = 100;

/** Least time between two statuses of one watch, in ms: ten a second are enough for a progress bar. */
export const STATUS_INTERVAL_MS = 100;

/** A status without news is sent this often, in ms, so that times and rates move on. */
export const STATUS_IDLE_INTERVAL_MS = 1000;

/** Watchers of all downloads together: command lines and consoles on one machine. */
export const DOWNLOAD_WATCHERS_MAX = 256;

/** How long the shown rate looks back, in ms, and how often it samples: 20 samples are kept. */
export const RATE_WINDOW_MS = 5000;
export const RATE_SAMPLE_MS = 250;

/** Parts of downloads that nobody goes on with are kept this long, in ms: a week. */
export const ABANDONED_AGE_MS_MAX = 7 * 24 * 60 * 60 * 1000;

/** Such parts in number and in bytes on disk; the oldest go first, the newest is always kept. */
export const ABANDONED_PARTS_MAX = 64;
export const ABANDONED_BYTES_MAX = 64 * 1024 * MIB;

/** Bytes of a job file: a name of 1 KiB, a path of 4 KiB, both escaped, and a failure's sentence. */
export const JOB_FILE_BYTES_MAX = 64 * 1024;

/** Segments of one part that are with the worker at once while it is verified: others' segments slip between. */
export const VERIFY_DEPTH = 4;

/** Segments of another file being hashed to see whether it is the wanted one, at once. */
export const COMPARE_DEPTH = 4;

/** The worker thread ends when it had nothing to do for this long, in ms: it holds about 10 MiB. */
export const WORKER_IDLE_MS = 30_000;

/** Slice of a compressed segment that is inflated before its output is measured: deflate expands 1032-fold at most, so 4 MiB. */
export const INFLATE_SLICE_BYTES = 4096;

/** Bytes that the worker decompresses between two collections of its garbage: a few segments' worth stays around. */
export const DECODE_GARBAGE_BYTES_MAX = 4 * MIB;

/** log2 of the largest zstd window that is accepted: 8 MiB, what RFC 8878 asks every decoder to support. */
export const ZSTD_WINDOW_LOG_MAX = 23;

/** Segments waiting for the worker from which on this process, not the link, is what a download waits for. */
export const RECEIVER_BOUND_DEPTH = 3;

/**
 * So many bytes of bodies a second, over so many ms, mean the same: more than a Gigabit link brings, and decoding them
 * would take this process longer than receiving them.
 */
export const RECEIVER_BOUND_BYTES_PER_SECOND = 128 * MIB;
export const RECEIVER_BOUND_SAMPLE_MS = 50;

/** How long such an observation counts, in ms; and the share of time in the event loop that is one too. */
export const RECEIVER_BOUND_MS = 1000;
export const RECEIVER_BOUND_UTILIZATION = 0.9;

/** Bytes of one recording of what happened to a download: a million events. What comes later is not recorded. */
export const RECORD_BYTES_MAX = 256 * MIB;

/** Holders one download knows of: four samples of the diary. More are not remembered. */
export const CANDIDATES_MAX = 256;

/** Wait before a lost source is connected again, in ms: doubled each time, jittered. */
export const RECONNECT_MS_MIN = 250;
export const RECONNECT_MS_MAX = 5000;

/** After this many failures in a row a holder that the diary does not list (any more) is forgotten. */
export const RECONNECT_ATTEMPTS_UNLISTED_MAX = 3;

/** A manifest is asked of another holder when the first has not answered for this long, in ms; at most so many at once. */
export const MANIFEST_HEDGE_MS = 1000;
export const MANIFEST_FETCHES_MAX = 3;

/** Verified segments are told to watchers together, after at most this many ms. */
export const GAINS_BATCH_MS = 20;

/** Bytes received are told to the planner in portions of about this many, or when it wakes. */
export const BYTES_REPORT_BYTES = 128 * 1024;

/** When the pool has no buffer for a request that the planner was promised, it may ask again after this many ms. */
export const BUFFER_RETRY_MS = 50;

/** Wait that is told to the planner when a busy holder did not name one, in ms. */
export const BUSY_RETRY_MS = 100;

/** After the diary restarted, holders it has not named again still count as listed for this long, in ms: five default leases. */
export const EPOCH_GRACE_MS = 30_000;

/** Least time that a download waits for a holder, in ms, whatever `P2P_HOLDER_WAIT_MS` says: connecting and asking takes some. */
export const HOLDER_WAIT_MS_MIN = 1000;

/** A download that is not connected to any holder for this long says that it waits, in ms. */
export const SAY_WAITING_MS = 1000;

/** Bytes received are told to the planner at least this often while they come, in ms: it looks for slow sources as often. */
export const BYTES_REPORT_MS = 20;

// ---- control API and command line ----

/** Bytes of a request's JSON body: the longest body is two paths and a name, which with every character escaped stay below. */
export const CONTROL_BODY_BYTES_MAX = 64 * 1024;

/** Characters of a path in a request: Linux's PATH_MAX. */
export const CONTROL_PATH_LENGTH_MAX = 4096;

/** Open connections to the control API: one person's terminals and scripts, each of which follows one stream. */
export const CONTROL_CONNECTIONS_MAX = 64;

/** A stream that has nothing to say sends an empty line this often, so that both ends notice when the other is gone. */
export const CONTROL_KEEP_ALIVE_MS = 10_000;

/** A command waits this long for an answer that is not a stream. */
export const CLI_ANSWER_TIMEOUT_MS = 10_000;

/** A command takes a stream for broken when it was silent this long: three keep-alive lines. */
export const CLI_STREAM_SILENCE_MS_MAX = 3 * CONTROL_KEEP_ALIVE_MS;

/** Bytes of one line of a stream or of one answer: a status with 1000 downloads of 64 sources each (300 bytes a source) has 20 MiB. */
export const CLI_LINE_BYTES_MAX = 32 * MIB;

/** Bytes of the token file that are looked at: the token has 64. */
export const CLI_TOKEN_BYTES_MAX = 4096;

/** Bytes of a flight record that `explain` reads: its lines have 250 bytes, and with long ids and names some more. */
export const FLIGHT_FILE_BYTES_MAX = 32 * MIB;

/** `get` tries this long to reach a peer again that went away while it was followed: a restart takes a few seconds. */
export const CLI_REATTACH_MS = 30_000;

/** Between two attempts at that, and between two looks at whether a leaving peer is gone. */
export const CLI_RETRY_MS = 500;

/** `leave` waits this long for the peer to finish what it owes and go. */
export const CLI_LEAVE_WAIT_MS = 30_000;

/**
 * A peer that `leave` asked to go stays this long, in ms, with everything closed: in a container it is the first process, its end
 * ends the command too, and the command must have seen before that nobody listens any more. Two looks of the command.
 */
export const LEAVE_LINGER_MS = 2 * CLI_RETRY_MS;

/** A picture on a terminal is drawn anew this often, for the clocks in it; the peer sends at most as many. */
export const CLI_FRAME_MS = 100;

/** Without a terminal, `get` and `share` say how far they are after this long, or after a tenth of the file. */
export const CLI_LINE_MS = 2_000;

/** Without a terminal, a download that stands still is mentioned this often. */
export const CLI_STALL_LINE_MS = 10_000;

// ---- Holdings, sharing, serving (apps/peer/src/{holdings,share,serve}) ----

/**
 * Contents this peer can serve, and files (path and name) it shares. A shared small file costs 3.6 KiB of memory (measured on 100 000), so this many cost
 * 700 MiB: more is another program's job.
 */
export const HOLDINGS_MAX = 200_000;

/** Files and folders that were given to `share`, and finished downloads: what index.json remembers. 400 bytes each make a file of 8 MiB. */
export const SHARE_ROOTS_MAX = 20_000;

/** Bytes of index.json that are read: the bound above with the longest paths that are usual, and 10 000 exceptions of 1 KiB. */
export const SHARE_INDEX_BYTES_MAX = 64 * MIB;

/** Files of one shared folder that were unshared one by one. Who leaves out more shares the wrong folder. */
export const SHARE_EXCEPTIONS_MAX = 10_000;

/** `share` calls that run at once; each keeps the list of files it found. */
export const SHARE_RUNS_MAX = 16;

/** Events of one `share` that wait for its reader; then sharing waits. Progress is replaced by newer progress and needs one place. */
export const SHARE_PROGRESS_QUEUE_MAX = 1024;

/** Least time between two progress events of hashing, in ms. */
export const SHARE_PROGRESS_INTERVAL_MS = 100;

/** Times a file is hashed that changes while it is hashed. */
export const HASH_ATTEMPTS_MAX = 3;

/**
 * A file is hashed when it was last touched this long ago, in ms. File times tick every 4 to 10 ms, so a write within
 * one tick of the hash would leave no trace; after this wait every later write shows.
 */
export const HASH_SETTLE_MS = 50;

/** Bytes the hash worker reads at once: a whole segment. */
export const HASH_READ_BYTES = 1 * MIB;

/** Segments the hash worker does before it looks for messages: 16 MiB take 2 to 20 ms, so an abort or a dispute waits no longer. */
export const HASH_SEGMENTS_PER_TURN = 16;

/** The hash worker ends when it had nothing to do for this long, in ms: it holds about 10 MiB. */
export const HASH_WORKER_IDLE_MS = 10_000;

/** Remembered manifests on disk; the oldest go first. The same as the files that can be shared, and a quarter for those that were. */
export const MANIFESTS_REMEMBERED_MAX = HOLDINGS_MAX + HOLDINGS_MAX / 4;

/** Shared files that are open at once; descriptors are a quarter of the usual limit of 1024. */
export const OPEN_FILES_MAX = 256;

/** Every so often, in ms, shared files are looked at for changes that no event told of, at most this many a time. */
export const PATROL_INTERVAL_MS = 2000;
export const PATROL_FILES_PER_ROUND = 2000;

/** A folder that cannot be watched is walked this often, in ms, and at most a tenth of the time. */
export const RESCAN_INTERVAL_MS = 5000;

/** Events of watched folders that wait to be looked at; beyond it their folder is walked instead. */
export const WATCH_EVENTS_PENDING_MAX = 10_000;

/** A watched file is shared when its size has not changed for this long, in ms, looked at this often. */
export const WATCH_STABLE_MS = 500;
export const WATCH_STABLE_POLL_MS = 100;

/** Bytes of files and compressed segments on their way out, of all connections: 24 segments, two for each of 12 fast downloaders. */
export const UPLOAD_BYTES_MAX = 24 * MIB;

/** Free upload buffers are given back to the system after this long without use, in ms: an idle seeder stays small. */
export const UPLOAD_BUFFERS_IDLE_MS = 5000;

/** Uploads of all connections that wait for a buffer; the next is told `BUSY`. */
export const UPLOADS_WAITING_MAX = 512;

/** When to ask again after `BUSY`, in ms. */
export const UPLOAD_RETRY_AFTER_MS = 100;

/** Segments one connection may have asked for: the largest window of a downloader is 32. */
export const UPLOADS_PER_CONNECTION_MAX = 64;

/**
 * Segments of one connection that are read, compressed or sent at once: one on the wire, the next ready. More would be
 * hoarded by a slow reader.
 */
export const UPLOADS_PREPARED_PER_CONNECTION = 2;

/** Cancelled requests remembered for a connection because the cancel can overtake its request within one read of the socket. */
export const EARLY_CANCELS_MAX = 64;

/** Manifests on their way over one connection, and holdings it watches. A downloader asks for one manifest a download. */
export const MANIFESTS_PER_CONNECTION_MAX = 8;
export const WATCHES_PER_CONNECTION_MAX = 256;

/** Gained segments are told in batches, this often in ms, or when this many wait. */
export const GAINS_TOLD_INTERVAL_MS = 40;
export const GAINS_PENDING_MAX = 8192;

/** How fast segments arrive is sampled over this long, in ms; the weight of the newest sample; and the longest wait for a request that is one for the link. */
export const DELIVERY_SAMPLE_MS = 50;
export const DELIVERY_WEIGHT = 0.3;
export const DELIVERY_GAP_MS_MAX = 10_000;

/** Segments being compressed at once: libuv has four threads, and one must be left for reading. */
export const COMPRESSIONS_MAX = 3;

/** Compressed segments that are kept for the next downloader, in bytes. */
export const COMPRESSED_CACHE_BYTES_MAX = 16 * MIB;

/** How a file compresses is sampled on its first segment and then on every so-many-th that is read, on this many bytes of it. */
export const SAMPLE_EVERY_SEGMENTS = 16;
export const SAMPLE_BYTES = 64 * 1024;

/** Contents whose sampled ratio is remembered. */
export const SAMPLED_FILES_MAX = 10_000;

/** Disputes that wait; they are looked into one at a time, so that complaining is no way to keep a disk busy. */
export const DISPUTES_MAX = 16;

// ---- Directory (apps/peer/src/directory) ----

/** Time for a connection to the diary, in ms: on a LAN more means that its machine is gone. */
export const DIARY_CONNECT_TIMEOUT_MS = 5000;

/** Time for an answer of the diary, in ms. It takes far less than one; a loaded or paused diary deserves patience. */
export const DIARY_ANSWER_TIMEOUT_MS = 10_000;

/** A question that comes while there is no connection waits this long for one, in ms. */
export const DIARY_PATIENCE_MS = 3000;

/**
 * Wait before the diary is tried again, in ms: doubled each time up to the larger, and drawn at random from its upper half;
 * the smaller while a question waits.
 */
export const DIARY_RETRY_MS_MIN = 100;
export const DIARY_RETRY_MS_MAX = 5000;

/** Wait after the diary spoke another version of the protocol, in ms: somebody has to upgrade one of the two. */
export const DIARY_VERSION_RETRY_MS = 30_000;

/** A lease is renewed every this-th part of its time, and a renewal that takes half of it means that the connection is dead. */
export const RENEWALS_PER_LEASE = 3;
export const RENEWAL_TIMEOUTS_PER_LEASE = 2;

/** A taken peer id is the own earlier life's, whose node died without a word, for at most this many leases. */
export const PEER_ID_PATIENCE_LEASES = 2;

/** The time of a lease where the diary has not told it, in ms, and the longest that a diary can be set to. */
export const LEASE_MS_ASSUMED = 6000;
export const LEASE_MS_MAX = 600_000;

/** Leaving waits this long for the diary's answer, in ms: the closed connection says the same. */
export const DIARY_LEAVE_TIMEOUT_MS = 1000;

/** A watch that the diary refused for now is tried again after this many ms. */
export const WATCH_RETRY_MS = 1000;

/** Refused announcements that are logged each in a session; the rest are counted. */
export const REFUSALS_LOGGED_MAX = 10;

// ---- Links to other peers (apps/peer/src/links) ----

/** A connection on a LAN takes a millisecond; a lost SYN is sent again after one second. In ms. */
export const LINK_CONNECT_TIMEOUT_MS = 2000;

/** A peer answers hello at once unless its machine is overloaded or it is none. In ms. */
export const LINK_HELLO_TIMEOUT_MS = 2000;

/** A manifest waits behind the bodies under way; this long without a byte of any of them, in ms, and it does not come. */
export const LINK_MANIFEST_TIMEOUT_MS = 10_000;

/** A dispute waits for up to 16 others at the holder, each of which hashes one segment. In ms. */
export const LINK_DISPUTE_TIMEOUT_MS = 10_000;

/** A holder answers a cancel at once, whatever its pace. Silent for this long, in ms, it never will, and the buffer is taken back. */
export const LINK_CANCEL_SILENCE_MS = 5000;

// ---- The process (apps/peer/src/peer.ts) ----

/** Connections of other peers at once: a flash crowd of 512 downloaders, and as many that come and go. */
export const PEER_CONNECTIONS_MAX = 1024;

/** Requests of one connection in work: the 64 segments of docs/PROTOCOL.md, and watches of 128 downloads. */
export const PEER_REQUESTS_PER_CONNECTION_MAX = 192;

/** How long running uploads may take when the peer leaves, in ms: within Kubernetes' grace of 30 s. */
export const DRAIN_DEADLINE_MS = 20_000;

/** How long stopping may take in all, in ms, before the process ends itself. */
export const STOP_DEADLINE_MS = 28_000;
