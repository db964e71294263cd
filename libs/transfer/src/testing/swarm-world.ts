import type { SimulatedLink, SourcePlan } from './simulated-source.js';

/** A holder as it stands with the downloader. */
export interface Connection {
  readonly plan: SourcePlan;
  link: SimulatedLink | undefined;
  readonly have: Set<number>;
  isQuarantined: boolean;
  isDraining: boolean;
  /** The scheduler gave it up, and that is not done yet. */
  isLeaving: boolean;
  pausedUntil: number;
  /** When the latest byte came, or it joined. */
  heardAt: number;
}

/** A request that occupies a buffer. */
export interface OpenRequest {
  readonly connection: Connection;
  readonly segment: number;
  readonly isCorrupt: boolean;
  readonly askedAt: number;
  phase: 'asked' | 'cancelling' | 'received';
  wireBytes: number;
  /** The scheduler called it off for another request, not because its source was lost or lied. */
  isCalledOff: boolean;
}

/** What is true of a simulated download, whatever its scheduler believes. */
export interface SwarmWorld {
  readonly connections: Map<string, Connection>;
  readonly open: Map<number, OpenRequest>;
  readonly verified: Set<number>;
  buffersMax: number;
  isWaiting: boolean;
}

/** Throws an Error with `otherwise` unless `condition` holds. */
export function check(condition: boolean, otherwise: string | (() => string)): asserts condition {
  if (!condition) throw new Error(typeof otherwise === 'string' ? otherwise : otherwise());
}
