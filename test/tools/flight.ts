// What a flight record (p2p get --trace) says, as far as the tests look at it.
import { readFile } from 'node:fs/promises';

export interface Attempt {
  readonly kind: 'attempt';
  readonly segment: number;
  readonly source: string;
  readonly cause: 'first' | 'redistributed' | 'hedge';
  readonly codec: string;
  readonly rawBytes: number;
  readonly wireBytes: number;
  readonly askedMs: number;
  readonly firstByteMs?: number;
  readonly receivedMs?: number;
  readonly endedMs: number;
  readonly outcome: 'verified' | 'corrupt' | 'refused' | 'cancelled' | 'lost';
}

export interface Redistribution {
  readonly kind: 'redistributed';
  readonly segment: number;
  readonly source: string;
  readonly reason: string;
  readonly atMs: number;
}

export interface Flight {
  /** When its clock was 0, in ms since 1970. */
  readonly startedAt: number;
  readonly bytes: number;
  readonly dropped: number;
  readonly attempts: readonly Attempt[];
  readonly redistributions: readonly Redistribution[];
}

/** Reads the file that `--trace` wrote. */
export async function readFlight(path: string): Promise<Flight> {
  return flightOf(await readFile(path, 'utf8'));
}

/** The same of what stands in it. */
export function flightOf(text: string): Flight {
  const [head, ...lines] = text.trimEnd().split('\n');
  const { startedAt, bytes, dropped } = JSON.parse(head ?? '') as { startedAt: string; bytes: number; dropped: number };
  const all = lines.map((line) => JSON.parse(line) as Attempt | Redistribution);
  return {
    startedAt: Date.parse(startedAt),
    bytes,
    dropped,
    attempts: all.filter((line) => line.kind === 'attempt'),
    redistributions: all.filter((line) => line.kind === 'redistributed'),
  };
}

/** What became of the segments that a struck holder owed, in ms since the blow. */
export interface Recovery {
  /** Until a segment was asked of another. */
  readonly askedMs: readonly number[];
  /** Until its first byte came from there. */
  readonly firstByteMs: readonly number[];
}

/**
 * The recovery from a blow to `victim` at `at` (ms since 1970). Segments that were under way from another already, by a
 * hedge, were not lost and are left out. Empty when it owed nothing.
 */
export function recoveryOf(flight: Flight, victim: string, at: number): Recovery {
  const blowMs = at - flight.startedAt;
  const askedMs: number[] = [];
  const firstByteMs: number[] = [];
  for (const lost of flight.redistributions) {
    if (lost.source !== victim || lost.atMs < blowMs || !['source_left', 'source_silent'].includes(lost.reason)) continue;
    const next = flight.attempts
      .filter(({ segment, source, askedMs: asked }) => segment === lost.segment && source !== victim && asked >= lost.atMs)
      .sort((a, b) => a.askedMs - b.askedMs);
    const [first] = next;
    if (first === undefined) continue;
    askedMs.push(first.askedMs - blowMs);
    const bytes = next.map((attempt) => attempt.firstByteMs).filter((ms) => ms !== undefined);
    if (bytes.length > 0) firstByteMs.push(Math.min(...bytes) - blowMs);
  }
  return { askedMs, firstByteMs };
}

/**
 * For each segment that a victim struck at `at` (ms since 1970) owed and never delivered, how long after the blow it was
 * asked of another, in ms. Whether it was given up or hedged does not matter: on a fast link the others take over long
 * before silence is a loss. What another was asked for already is left out.
 */
export function takeoversOf(flight: Flight, victim: string, at: number): readonly number[] {
  const blowMs = at - flight.startedAt;
  return flight.attempts
    .filter(({ source, endedMs, outcome }) => source === victim && endedMs >= blowMs && ['lost', 'cancelled'].includes(outcome))
    .flatMap((lost) => {
      const sinceMs = Math.max(blowMs, lost.askedMs);
      const others = flight.attempts.filter(({ segment, source }) => segment === lost.segment && source !== victim);
      if (others.some(({ askedMs, endedMs }) => askedMs < sinceMs && endedMs >= sinceMs)) return [];
      const asked = others.map(({ askedMs }) => askedMs).filter((ms) => ms >= sinceMs);
      return asked.length === 0 ? [] : [Math.min(...asked) - blowMs];
    });
}

/** A quantile of samples, by the nearest rank; NaN of none. */
export function quantileOf(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
