// The report of a session: a table to read, and the same as JSON.
import type { Blow } from './battle.ts';

export interface Figures {
  /** Attempts on the victims that were under way when the blow fell. */
  readonly owed: number;
  readonly lost: number;
  readonly redistributed: number;
  readonly refetchedRatio: number;
  /** From the order to strike until a lost segment was asked of another; NaN where none was lost. */
  readonly recoveryP50Ms: number;
  readonly recoveryP99Ms: number;
  readonly tookMs: number;
  /** Against the undisturbed run. */
  readonly slowdown: number;
}

export interface Row {
  readonly scenario: string;
  /** With the scenario's name it replays it. */
  readonly seed: number;
  /** `broken`: a promise was not kept, or the blow struck nothing. `failed`: it could not be carried out. */
  readonly outcome: 'kept' | 'broken' | 'failed' | 'skipped';
  readonly why: readonly string[];
  readonly figures?: Figures;
  readonly blows?: readonly Blow[];
}

const COLUMNS = ['scenario', 'seed', 'owed', 'lost', 'redistributed', 'refetched', 'recovery p50', 'p99', 'took', 'slowdown', ''];

export function tableOf(rows: readonly Row[]): string {
  const lines = [COLUMNS, ...rows.map(cellsOf)];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One row in a line, for who follows the session. */
export function lineOf(row: Row): string {
  const { scenario, seed, outcome, why, figures } = row;
  const said =
    figures === undefined
      ? ''
      : `, ${figures.owed} owed, ${figures.lost} lost, ${figures.redistributed} redistributed, recovery p99 ${inMs(figures.recoveryP99Ms)}, took ${inSeconds(figures.tookMs)}`;
  return `${scenario} (seed ${seed}): ${outcome}${said}${why.length === 0 ? '' : `: ${why.join('; ')}`}`;
}

function cellsOf({ scenario, seed, outcome, why, figures }: Row): readonly string[] {
  const end = why.length === 0 ? outcome : `${outcome}: ${why.join('; ').split('\n')[0]}`;
  if (figures === undefined) return [scenario, String(seed), ...Array.from({ length: 8 }, () => '-'), end];
  return [
    scenario,
    String(seed),
    String(figures.owed),
    String(figures.lost),
    String(figures.redistributed),
    figures.refetchedRatio.toFixed(3),
    inMs(figures.recoveryP50Ms),
    inMs(figures.recoveryP99Ms),
    inSeconds(figures.tookMs),
    figures.slowdown.toFixed(2),
    end,
  ];
}

function inMs(ms: number): string {
  return Number.isNaN(ms) ? '-' : `${ms.toFixed(0)} ms`;
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
