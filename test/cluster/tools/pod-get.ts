// A download in a pod, followed line by line while it runs.
import { NOTHING_TRANSFERRED, type Report, type Status } from '../../tools/transfer.ts';
import type { Outcome, Running, RunOptions } from './run.ts';

type Start = (options: RunOptions) => Running;
const DEADLINE_MS = 300_000;

export class PodGet {
  /** Every status so far. */
  readonly statuses: Status[] = [];
  /** How the command ended. */
  readonly outcome: Promise<Outcome>;
  /** The last status of a download that is done. Throws with all that was said when it is not. */
  readonly done: Promise<Status & { readonly report: Report }>;
  readonly #running: Running;
  readonly #waiting = new Set<() => void>();
  #hasEnded = false;

  constructor(start: Start, what: { readonly name: string; readonly pod: string }) {
    this.#running = start({
      deadlineMs: DEADLINE_MS,
      onLine: (line) => {
        this.statuses.push(JSON.parse(line) as Status);
        this.#wake();
      },
    });
    this.outcome = this.#running.outcome.finally(() => {
      this.#hasEnded = true;
      this.#wake();
    });
    this.done = this.outcome.then(({ code, stderr }) => {
      const last = this.statuses.at(-1);
      if (code !== 0 || last?.state !== 'done')
        throw new Error(`p2p get ${what.name} on ${what.pod} ended with ${code}: ${stderr}${JSON.stringify(last)}`);
      return { ...last, report: last.report ?? NOTHING_TRANSFERRED };
    });
    // Whoever does not ask for it has another way to tell, for instance the next get.
    this.done.catch(() => undefined);
  }

  /** The first status, past or future, that `accepts` likes. Throws when the command ends without one. */
  async status(accepts: (status: Status) => boolean): Promise<Status> {
    for (let seen = 0; ;) {
      for (; seen < this.statuses.length; seen += 1) {
        const status = this.statuses[seen];
        if (status !== undefined && accepts(status)) return status;
      }
      if (this.#hasEnded) {
        const { code, stderr } = await this.outcome;
        throw new Error(
          `the download ended with ${code} before the status that was waited for: ${stderr}${JSON.stringify(this.statuses.at(-1))}`,
        );
      }
      await new Promise<void>((resolve) => void this.#waiting.add(resolve));
    }
  }

  /** Until this share of the file, from 0 to 1, is verified. */
  async reached(ratio: number): Promise<Status> {
    return this.status(({ verifiedBytes, bytes }) => bytes > 0 && verifiedBytes >= ratio * bytes);
  }

  /** Ends the command, not the download. */
  leave(): void {
    this.#running.kill();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
