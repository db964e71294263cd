/**
 * Every bound of a peer process. Bounds of what crosses the wire are in @p2p/protocol, those of the planning in
 * @p2p/transfer.
 */
export const MIB = 1024 * 1024;
