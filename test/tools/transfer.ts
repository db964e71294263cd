// Sharing and downloading through the p2p command, and what its JSON says, as far as the demo and the tests look at it.
import type { RunningCommand } from './command.ts';
import type { Peer } from './stage.ts';

export interface SourceLine {
  readonly source: string;
  readonly segments: number;
  readonly fileBytes: number;
  readonly wireBytes: number;
  readonly inFlight: number;
  readonly state: 'active' | 'busy' | 'draining' | 'lost' | 'quarantined';
}

export interface Report {
  readonly segmentCount: number;
  readonly segmentsVerified: number;
  readonly segmentsResumed: number;
  readonly resumedBytes: number;
  readonly redistributed: Readonly<Record<string, number>>;
  readonly hedged: number;
  readonly wastedBytes: number;
  readonly wireBytes: number;
  readonly rejected: number;
  readonly sources: readonly SourceLine[];
}

export interface Status {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly bytes: number;
  readonly output: string;
  readonly verifiedBytes: number;
  readonly transferMs: number;
  readonly totalMs: number;
  readonly report?: Report;
  readonly failure?: { readonly code: string; readonly message: string };
}

/** An empty file needs no transfer, nor does one that the peer has, and the status has no report. */
export const NOTHING_TRANSFERRED: Report = {
  segmentCount: 0,
  segmentsVerified: 0,
  segmentsResumed: 0,
  resumedBytes: 0,
  redistributed: {},
  hedged: 0,
  wastedBytes: 0,
  wireBytes: 0,
  rejected: 0,
  sources: [],
};

export interface CatalogueLine {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly complete: number;
  readonly partial: number;
}

export interface RunningGet {
  readonly command: RunningCommand;
  /** Every status so far. */
  readonly statuses: readonly Status[];
  /** The first status, past or future, that `accepts` likes. Throws when the download ends without one. */
  status(accepts: (status: Status) => boolean): Promise<Status>;
  /** The last status of a download that is done. Throws with all that was said when it is not. */
  readonly done: Promise<Status & { readonly report: Report }>;
}

export interface GetOptions {
  readonly target: string;
  readonly output?: string;
  /** Where the flight record goes. */
  readonly trace?: string;
  readonly deadlineMs?: number;
}

/** `p2p share PATH [--name NAME]`. Throws when it fails. */
export async function share(peer: Peer, path: string, name?: string): Promise<void> {
  const { code, stdout, stderr } = await peer.cli(['share', path, '--json', ...(name === undefined ? [] : ['--name', name])]);
  if (code !== 0) throw new Error(`peer ${peer.id} did not share ${path} (code ${code}): ${stderr}${stdout}`);
}

/** `p2p list`, whole. */
export async function list(peer: Peer): Promise<readonly CatalogueLine[]> {
  const { code, stdout, stderr } = await peer.cli(['list', '--json']);
  if (code !== 0) throw new Error(`peer ${peer.id} did not list (code ${code}): ${stderr}`);
  return (JSON.parse(stdout) as { readonly entries: readonly CatalogueLine[] }).entries;
}

/** Until the catalogue, as `peer` sees it, satisfies `accepts`. Throws with the catalogue when time is up. */
export async function listed(
  peer: Peer,
  accepts: (lines: readonly CatalogueLine[]) => boolean,
  deadlineMs = 20_000,
): Promise<readonly CatalogueLine[]> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const lines = await list(peer);
    if (accepts(lines)) return lines;
    if (performance.now() > deadline) throw new Error(`after ${deadlineMs} ms the catalogue is not as expected: ${JSON.stringify(lines)}`);
  }
}

/** `p2p get TARGET --json --progress`, while it runs. */
export function startGet(peer: Peer, options: GetOptions): RunningGet {
  const { target, output, trace, deadlineMs } = options;
  const statuses: Status[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((each) => each());
  let hasEnded = false;
  const paths = [...(output === undefined ? [] : ['--output', output]), ...(trace === undefined ? [] : ['--trace', trace])];
  const command = peer.startCli(['get', '--json', '--progress', ...paths, '--', target], {
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    onLine: (line) => {
      statuses.push(JSON.parse(line) as Status);
      wake();
    },
  });
  const done = (async () => {
    const { code, signal, stderr } = await command.result;
    hasEnded = true;
    wake();
    const last = statuses.at(-1);
    if (code !== 0 || last?.state !== 'done') {
      throw new Error(
        `peer ${peer.id} did not get ${target} (${signal ?? `code ${code}`}): ${stderr}${JSON.stringify(last)}\n${peer.process.describe()}`,
      );
    }
    return { ...last, report: last.report ?? NOTHING_TRANSFERRED };
  })();
  // Whoever awaits it is told; a test that ends before must not end the process.
  done.catch(() => undefined);
  const status = async (accepts: (status: Status) => boolean): Promise<Status> => {
    for (;;) {
      const found = statuses.find(accepts);
      if (found !== undefined) return found;
      if (hasEnded) throw new Error(`the download of ${target} ended before that: ${JSON.stringify(statuses.at(-1))}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      await promise;
      waiting.delete(resolve);
    }
  };
  return { command, statuses, status, done };
}

/** Segments given to another source, for whatever reason. */
export function redistributedIn(report: Report): number {
  return Object.values(report.redistributed).reduce((sum, count) => sum + count, 0);
}
