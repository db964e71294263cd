// What a record says of a scenario: the figures, and the promises that were broken.
import { recoveryOf, type Attempt } from '../../tools/flight.ts';
import { redistributedIn } from '../../tools/transfer.ts';
import type { BattleRecord, Blow, Download } from './battle.ts';
import type { Scenario } from './scenario.ts';

const HEDGE_SHARE = 0.03;
const HEDGE_SEGMENTS = 2;
/** A lost segment that waits longer for another holder hangs, where there is another one. */
const HANG_MS = 60_000;

export interface Verdict {
  /** Attempts on the victims that were not over when the blow fell. */
  readonly owed: number;
  readonly lost: number;
  readonly redistributed: number;
  /** Bytes received over bytes that were lacking. */
  readonly refetchedRatio: number;
  readonly recoveryMs: readonly number[];
  readonly tookMs: number;
  readonly broken: readonly string[];
}

export interface Evidence {
  readonly record: BattleRecord;
  readonly sha256: string;
  /** Segments that Prometheus saw redistributed. */
  readonly scraped: number;
}

export function judge(scenario: Scenario, { record, sha256, scraped }: Evidence): Verdict {
  const broken: string[] = [];
  const { blows, downloads } = record;
  const owed = blows.map((blow) => sum(downloads.map((download) => owedAt(download, blow))));
  if (blows.length === 0) broken.push('void: no blow fell');
  else if (sum(owed) === 0) broken.push('void: no victim owed a segment when the blow fell');
  for (const download of downloads) {
    if (download.sha256 !== sha256) broken.push(`${download.pod} has ${download.sha256}, which is not ${sha256}`);
    const excess = excessOf(download);
    const bound = boundOf(download);
    if (excess > bound) broken.push(`${download.pod} received ${excess} bytes beyond the file; the bound is ${bound}`);
  }
  const recoveryMs = downloads.flatMap(({ flight }) =>
    blows.flatMap((blow) => blow.victims.flatMap((victim) => recoveryOf(flight, victim, blow.at).askedMs)),
  );
  const redistributed = sum(downloads.map(({ status }) => redistributedIn(status.report)));
  if (scraped !== redistributed) broken.push(`Prometheus saw ${scraped} segments redistributed, the reports tell of ${redistributed}`);
  if (scenario.kills && scraped === 0) broken.push('Prometheus saw no segment redistributed, though a holder was killed');
  if (Math.max(0, ...recoveryMs) > HANG_MS) broken.push(`a lost segment waited ${Math.max(...recoveryMs)} ms`);
  return {
    owed: sum(owed),
    lost: sum(downloads.map(({ flight }) => flight.attempts.filter(({ outcome }) => outcome === 'lost').length)),
    redistributed,
    refetchedRatio: Math.max(...downloads.map((download) => 1 + excessOf(download) / lackingOf(download))),
    recoveryMs,
    tookMs: Math.max(...downloads.map(({ status }) => status.totalMs)),
    broken,
  };
}

function owedAt({ flight, pod }: Download, blow: Blow): number {
  const blowMs = blow.at - flight.startedAt;
  const isUnderWay = ({ askedMs, endedMs }: Attempt): boolean => askedMs <= blowMs && endedMs >= blowMs;
  // A downloader that is struck itself loses all that it was owed; the record of its next life does not know of it.
  if (blow.victims.includes(pod)) return blow.underWay;
  return flight.attempts.filter((attempt) => blow.victims.includes(attempt.source) && isUnderWay(attempt)).length;
}

function lackingOf({ status }: Download): number {
  return status.bytes - status.report.resumedBytes;
}

function excessOf(download: Download): number {
  return Math.max(0, download.status.report.wireBytes - lackingOf(download));
}

/** What was in flight from the lost ones, and what a hedge may cost. */
function boundOf({ flight, status }: Download): number {
  const segment = status.bytes / Math.max(1, status.report.segmentCount);
  const inFlight = segment * flight.attempts.filter(({ outcome }) => outcome === 'lost').length;
  return inFlight + Math.max(HEDGE_SHARE * status.bytes, HEDGE_SEGMENTS * segment);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
