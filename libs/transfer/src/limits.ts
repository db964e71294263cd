/**
 * Every bound and constant of the planning, with where it comes from. limits.spec.ts asserts how they relate.
 */

const KIB = 1024;

/** Segments in flight with a source whose link is not known yet: one on the wire and one behind it, so that it never waits for us. */
export const WINDOW_SEGMENTS_START = 2;

/** Most segments in flight with one source: 16 x 1 MiB fill a link of 1 Gbit/s and 130 ms. Deeper queues only hurt the tail. */
export const WINDOW_SEGMENTS_MAX = 16;

/** A source has at most the request it owes and one hedge elsewhere: a third would cost more than it saves. */
export const ATTEMPTS_PER_SEGMENT_MAX = 2;

/** Weight of the newest measurement of a rate: three segments forget half of what was before. */
export const RATE_WEIGHT = 0.3;

/** Shorter than this an interval says more about timers than about a link; its bytes are added to the next one. */
export const RATE_INTERVAL_MS_MIN = 5;

/** What is expected of a source of which nothing is known, when no other source says better: 100 Mbit/s. */
export const RATE_PRIOR_BYTES_PER_SECOND = 12.5e6;

/** No rate is taken to be lower: it keeps every expected finish finite. */
export const RATE_BYTES_PER_SECOND_MIN = 1;

/** Latency that is expected of a link that is not measured yet: a LAN with something to do. */
export const LATENCY_PRIOR_MS = 2;

/** Bytes may come in lumps of this size, a chunk of a body, so a source is not late before one more lump is due. */
export const LUMP_BYTES = 256 * KIB;

/** What an idle source was measured at while it was slow is doubted: the estimate doubles in this time, up to its best. */
export const RATE_RECOVERY_MS = 4_000;

/** A hedge must be expected in less than 1 / 1.5 of the time that the attempt still needs: estimates are off by 20 % easily. */
export const HEDGE_FACTOR = 1.5;

/** ... and must save this much: below it, jitter of timers decides. */
export const HEDGE_GAIN_MS_MIN = 30;

/** How often an idle source looks at what others owe: the cost of looking grows with what is in flight. */
export const HEDGE_SCAN_INTERVAL_MS = 20;

/** Hedging may waste this part of the file ... */
export const HEDGE_WASTE_RATIO_MAX = 0.03;

/** ... or this many segments, whichever is more: a small file needs a hedge as well. */
export const HEDGE_WASTE_SEGMENTS_MIN = 2;

/** Silence is a loss after this many times the largest usual gap between arrivals. */
export const SILENCE_GAPS = 4;

/** The least silence that is a loss: a busy process or a retransmission takes a few hundred ms, and a promise allows 2 s. */
export const SILENCE_MS_MIN = 1_200;

/** The same before the first byte of an answer: the holder may have to read, compress or serve others first. */
export const SILENCE_FIRST_BYTE_MS_MIN = 1_500;

/** The longest silence that any pace explains: a packet a minute. */
export const SILENCE_MS_MAX = 60_000;

/** How fast a large gap is forgotten, per arrival. */
export const GAP_DECAY = 0.05;

/** Each silence in a row doubles the patience with a source, up to this factor: its packets may be larger than we think. */
export const PATIENCE_MAX = 64;

/** ... and each verified segment takes a little of it back: taken back at once, a wrong limit would cost a loss per segment. */
export const PATIENCE_DECAY = 0.98;

/** Bytes of a packet, the unit of an artificial delay, where the source does not tell. */
export const PACKET_BYTES_ASSUMED = 1 * KIB;

/** While anything is owed the scheduler wants to wake this often: that is how it notices that this process was stalled. */
export const HEARTBEAT_MS = 250;

/** A wake-up that is later than this was a stall of this process, and no fault of the sources. */
export const STALL_MS_MIN = 50;

/** After a stall, what the kernel has kept for us is read before anyone is called silent. */
export const STALL_GRACE_MS = 250;

/** A cancelled request that has not ended after this long holds a buffer for nothing: the connection is closed. */
export const CANCEL_MS_MAX = 30_000;

/** Bounds of the pause that a busy source asks for: a hostile one cannot make us spin or wait for ever. */
export const BUSY_PAUSE_MS_MIN = 50;
export const BUSY_PAUSE_MS_MAX = 5_000;

/** Pause after one failure, so that another source gets the segment first. */
export const FAILED_PAUSE_MS = 200;

/** Failures in a row after which a source counts as refusing ... */
export const FAILURES_IN_A_ROW_MAX = 3;

/** ... and is left alone for this long, doubled each time. */
export const REFUSING_PAUSE_MS_MIN = 1_000;
export const REFUSING_PAUSE_MS_MAX = 30_000;

/** Holders are looked for at most this often, and less and less often while looking changes nothing. */
export const FIND_INTERVAL_MS_MIN = 1_000;
export const FIND_INTERVAL_MS_MAX = 8_000;

/** With fewer sources than this, others are looked for: one death must not stop the download. */
export const SOURCES_WANTED_MIN = 2;

/** Lost sources that are remembered for their rate and their failures. Ids are chosen by others, so there is a bound. */
export const SOURCES_REMEMBERED_MAX = 1_024;

/** Segments that nobody is known to have that are looked at for one whose turn is ours: 8 times as many as the downloaders that one knows. */
export const OWN_SCAN_MAX = 512;

/** Words of bitset that one pick may read to find the rarest segment; after that any wanted one will do. About 4 us. */
export const PICK_WORDS_MAX = 4_096;

/** Segments at the front of the queue that one pick looks at: 64 sources x 16 segments is what their deaths can leave there. */
export const FRONT_SCAN_MAX = 1_024;

/** A codec must be expected to save this part of the time: below it, estimates decide and CPU is spent for nothing. */
export const CODEC_GAIN_MIN = 0.1;

/** Encoded over raw bytes from which on data counts as not compressing. */
export const CODEC_RATIO_MAX = 0.97;
