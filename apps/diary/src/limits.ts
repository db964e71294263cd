import { HOLDERS_SAMPLE_MAX } from '@p2p/protocol';

/** Every bound of the diary. Those of what crosses the wire are in @p2p/protocol. */

/** Peers with a lease: twice the 10 000 that one diary must serve. */
export const PEERS_MAX = 20_000;

/** Connections: one a peer, and as many again in the moments when all of them reconnect before their old ones have closed. */
export const CONNECTIONS_MAX = 2 * PEERS_MAX;

/** Pairs of file and name that one peer may announce: the 200 000 files that a peer shares, and its downloads. */
export const FILES_PER_PEER_MAX = 250_000;

/** Announced pairs of all peers: twice 10 000 peers with 100 files each. At 300 to 500 bytes each this is 1 GiB at most. */
export const ANNOUNCEMENTS_MAX = 2_000_000;

/** Watches of one connection: a downloader has one for each download under way, and far fewer of those. */
export const WATCHES_PER_CONNECTION_MAX = 1024;

/** Watches of all connections: ten for each of the 20 000 peers. A watch with all it may remember takes 30 KiB, a usual one 2. */
export const WATCHES_MAX = 200_000;

/** Holders that a watch remembers having told. More push out the oldest, whose departure the asker then learns by itself. */
export const WATCH_TOLD_MAX = 4 * HOLDERS_SAMPLE_MAX;

/** Requests that one connection may have open: its watches, each an open request, and a full burst of others. */
export const REQUESTS_PER_CONNECTION_MAX = WATCHES_PER_CONNECTION_MAX + 64;

/** Peers whose listing is kept sorted between two pages of it. */
export const SORTED_LISTINGS_MAX = 16;

/** Entries of one chunk of the sorted index: at 512 an insertion moves 2 KiB on average, and a million entries have some 3000 chunks. */
export const INDEX_CHUNK_ENTRIES_MAX = 512;

/** The lease table is swept this many times in a lease's time, so that an end is noticed within a twentieth of it. */
export const SWEEPS_PER_LEASE = 20;

/** Milliseconds that a shutdown may take before the process ends by force. */
export const SHUTDOWN_DEADLINE_MS = 5_000;

/** Milliseconds after which one who was told `BUSY` may ask again. */
export const BUSY_RETRY_MS = 1_000;
