import type { PeerStatus } from './api.js';

/** The peer as a whole, for the control API: how it is, and the wish that it goes. */
export interface PeerStatusSource {
  status(): Promise<PeerStatus>;
  /** Begins to drain; the process ends by itself afterwards. Returns at once; asking again changes nothing. */
  leave(): void;
}

export const PEER_STATUS = Symbol('PeerStatusSource');
