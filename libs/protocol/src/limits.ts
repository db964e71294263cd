/**
 * Every bound of what crosses the wire. A peer that breaks one is cut off, so these numbers are part of the protocol
 * (docs/PROTOCOL.md lists them) and change only with its version.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Bytes of the two u32 lengths that open every frame. */
export const FRAME_PREFIX_BYTES = 8;

/** Bytes of one frame's JSON header. The largest message, a full page of the catalogue, needs 230 KiB. */
export const FRAME_HEADER_BYTES_MAX = 256 * KIB;

/** Depth of nesting in a JSON header. No message needs more than 6; deep nesting costs stack. */
export const FRAME_HEADER_DEPTH_MAX = 16;

/** Bytes of one body chunk that a receiver accepts. Senders use 256 KiB and less: a cancel waits for a chunk. */
export const BODY_CHUNK_BYTES_MAX = 1 * MIB;

/** A segment is a power of two between these. 64 KiB keeps pace on a slow link, 1 MiB was fastest on a fast one. */
export const SEGMENT_BYTES_MIN = 64 * KIB;
export const SEGMENT_BYTES_MAX = 1 * MIB;

/** Segments that a file is cut into when its size allows: enough for eight holders to end within 1/16 of each other. */
export const SEGMENTS_AIMED_AT = 128;

/** Segments of one file: bounds the manifest to 32 MiB and a bitmap of holdings to 128 KiB. */
export const SEGMENTS_MAX = 1 << 20;

/** Bytes of one file: 1 TiB. */
export const FILE_BYTES_MAX = SEGMENTS_MAX * SEGMENT_BYTES_MAX;

/** Bytes of a BLAKE3 hash. */
export const HASH_BYTES = 32;

/** Bytes before the first hash of a manifest. */
export const MANIFEST_HEADER_BYTES = 16;

/** Bytes of the largest manifest. */
export const MANIFEST_BYTES_MAX = MANIFEST_HEADER_BYTES + SEGMENTS_MAX * HASH_BYTES;

/** A name is at most this many components joined by "/". */
export const NAME_COMPONENTS_MAX = 32;

/** UTF-8 bytes of one component: what ext4, xfs and APFS allow. */
export const NAME_COMPONENT_BYTES_MAX = 255;

/** UTF-8 bytes of a whole name. */
export const NAME_BYTES_MAX = 1024;

/** Characters of a peer id: a DNS label, so that a pod's name is one. */
export const PEER_ID_LENGTH_MAX = 63;

/** Characters of a host name (RFC 1035). */
export const HOST_LENGTH_MAX = 253;

/** Files in one announcement or withdrawal: 64 x 2.3 KiB (a name that is all escapes) stays below a frame's header. */
export const FILES_PER_MESSAGE_MAX = 64;

/** Entries in one page of the catalogue: 100 x 2.3 KiB stays below a frame's header. */
export const CATALOGUE_PAGE_MAX = 100;

/** Matches that a look-up by name lists. More contents under one name are counted, not listed. */
export const FIND_MATCHES_MAX = 16;

/** Holders that one watch tells a downloader of; it asks for others when these do not suffice. */
export const HOLDERS_SAMPLE_MAX = 64;

/** Segments named in one message of gains. A holder that gained more sends several. */
export const GAINS_PER_MESSAGE_MAX = 1024;

/** Largest delay for one packet, in milliseconds: beyond a minute a link is not slow but broken. */
export const PACKET_DELAY_MS_MAX = 60_000;

/** Bytes of one packet, the unit of the artificial delay. */
export const PACKET_BYTES_MIN = 64;
export const PACKET_BYTES_MAX = 1 * MIB;

/** Characters of a failure's sentence on the wire. */
export const FAILURE_MESSAGE_LENGTH_MAX = 512;
