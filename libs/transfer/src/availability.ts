import type { Bitmap } from '@p2p/protocol';
import { RankSet } from './rank-set.js';
import type { SourceState } from './source-state.js';
import type { TransferState } from './state.js';

/**
 * Who has what. Missing segments stand in levels by how many partial sources have them; a source that has everything
 * would lift all of them alike, so it is only counted, and its coming and going costs nothing per segment.
 */
export function mark(state: TransferState, rank: number): void {
  state.missing.add(rank);
  levelAt(state, state.availability[rank] ?? 0).add(rank);
  for (const source of state.live) if (source.have?.has(rank) === true) source.wanted?.add(rank);
}

/** The segment is missing no longer: it was asked for, or came. */
export function clear(state: TransferState, rank: number): void {
  state.missing.delete(rank);
  state.front.delete(rank);
  levelAt(state, state.availability[rank] ?? 0).delete(rank);
  for (const source of state.live) source.wanted?.delete(rank);
}

/** How many missing segments `source` has. */
export function usefulCount(state: TransferState, source: SourceState): number {
  return source.complete ? state.missing.count : (source.wanted?.count ?? 0);
}

/** Whether a missing segment has no source that may be asked. */
export function hasOrphans(state: TransferState): boolean {
  return state.completeSources === 0 && (state.levels[0]?.count ?? 0) > 0;
}

/** Replaces what a source has. It is not counted afterwards. */
export function setHoldings(state: TransferState, source: SourceState, have: 'complete' | Bitmap): void {
  count(state, source, false);
  source.complete = have === 'complete' || (have.isFull && have.size === state.segmentCount);
  source.have = undefined;
  source.wanted = undefined;
  if (have === 'complete' || source.complete) return;
  const held = new RankSet(state.segmentCount);
  const wanted = new RankSet(state.segmentCount);
  const size = Math.min(have.size, state.segmentCount);
  for (let index = 0; index * 8 < size; index++) {
    for (let byte = have.bytes[index] ?? 0; byte !== 0; byte &= byte - 1) {
      const rank = state.rankOf[index * 8 + 31 - Math.clz32(byte & -byte)];
      if (rank === undefined) continue;
      held.add(rank);
      if (state.missing.has(rank)) wanted.add(rank);
    }
  }
  source.have = held;
  source.wanted = wanted;
}

/** Lets a source's holdings count, or no longer. */
export function count(state: TransferState, source: SourceState, counted: boolean): void {
  if (source.counted === counted) return;
  source.counted = counted;
  const change = counted ? 1 : -1;
  if (source.complete) state.completeSources += change;
  else source.have?.forEach((rank) => lift(state, rank, change));
}

/** A partial source got one more segment. */
export function gain(state: TransferState, source: SourceState, rank: number): void {
  if (source.complete || source.have === undefined || !source.have.add(rank)) return;
  if (state.missing.has(rank)) source.wanted?.add(rank);
  if (source.counted) lift(state, rank, 1);
}

/** A source turned out not to have a segment. */
export function deny(state: TransferState, source: SourceState, rank: number): void {
  if (source.complete) {
    // A set is made once: a source that claims everything again afterwards is not believed, so it cannot make us do this often.
    const wasCounted = source.counted;
    count(state, source, false);
    source.complete = false;
    source.completeDoubted = true;
    source.have = new RankSet(state.segmentCount);
    source.wanted = new RankSet(state.segmentCount);
    for (let other = 0; other < state.segmentCount; other++) source.have.add(other);
    const wanted = source.wanted;
    state.missing.forEach((other) => wanted.add(other));
    count(state, source, wasCounted);
  }
  if (source.have?.delete(rank) !== true) return;
  source.wanted?.delete(rank);
  if (source.counted) lift(state, rank, -1);
}

function lift(state: TransferState, rank: number, change: 1 | -1): void {
  const before = state.availability[rank] ?? 0;
  state.availability[rank] = before + change;
  if (!state.missing.has(rank)) return;
  levelAt(state, before).delete(rank);
  levelAt(state, before + change).add(rank);
}

function levelAt(state: TransferState, availability: number): RankSet {
  const level = state.levels[availability];
  if (level !== undefined) return level;
  while (state.levels.length < availability) state.levels.push(new RankSet(state.segmentCount));
  const added = new RankSet(state.segmentCount);
  state.levels[availability] = added;
  return added;
}
