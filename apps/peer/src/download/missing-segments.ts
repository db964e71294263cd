import { Failure, type Bitmap } from '@p2p/protocol';

/** Whether a holder has something that is missing here. */
export function isUseful(have: 'complete' | Bitmap, verified: Bitmap): boolean {
  if (have === 'complete') return true;
  for (let index = 0; index < verified.size; index++) if (!verified.has(index) && have.has(index)) return true;
  return false;
}

/** Nobody has the rest. */
export function noHolders(verified: Bitmap, waitedMs: number): Failure {
  const missing = `${verified.size - verified.count} of ${verified.size} segments`;
  const waitedSeconds = Math.round(waitedMs / 1000);
  return new Failure(
    'NO_HOLDERS',
    `nobody has the ${missing} that are missing, and nobody appeared within ${waitedSeconds} s; what is here is kept: start it again when a holder is back`,
  );
}
