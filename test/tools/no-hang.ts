// A download that neither gets on nor says why is the one outcome that no fault may have.
import type { Fetched } from './fleet.ts';
import { sha256Of } from './content.ts';
import type { RunningGet, Status } from './transfer.ts';

/** Without a verified byte, a waiting said or an end for this long, on a machine with much else to do, a download hangs. */
const STILL_MS_MAX = 15_000;
const LOOK_INTERVAL_MS = 250;

export interface Ended {
  readonly code: number | null;
  readonly stderr: string;
  readonly last: Status | undefined;
}

/** The download at its end, whatever that is. Throws when it stands still without a word. */
export async function endOf(get: RunningGet, what: string): Promise<Ended> {
  let seen = '';
  let changedAt = performance.now();
  let isStill = false;
  const looking = setInterval(() => {
    const last = get.statuses.at(-1);
    const now = `${last?.state ?? 'not begun'} ${last?.verifiedBytes ?? 0}`;
    if (now !== seen || last?.state === 'waiting') {
      seen = now;
      changedAt = performance.now();
    } else if (performance.now() - changedAt > STILL_MS_MAX) {
      isStill = true;
      get.command.kill('SIGKILL');
    }
  }, LOOK_INTERVAL_MS);
  try {
    const { code, stderr } = await get.command.result;
    const last = get.statuses.at(-1);
    if (isStill) throw new Error(`${what}: for ${STILL_MS_MAX} ms the download stood still: ${JSON.stringify(last)}`);
    return { code, stderr, last };
  } finally {
    clearInterval(looking);
  }
}

/** The download at its end, which must be a good one. */
export async function finishMoving(get: RunningGet, what: string): Promise<Fetched> {
  await endOf(get, what);
  const status = await get.done;
  return { status, sha256: await sha256Of(status.output) };
}
