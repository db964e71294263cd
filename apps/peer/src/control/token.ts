import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import fs from 'node:fs/promises';
import { toFailure } from '@p2p/service';

const TOKEN_BYTES = 32;
const TOKEN = /^[0-9a-f]{64}$/;

/**
 * The token of the control API, from the file at `tokenPath`. A token that is there, readable by its owner alone, is
 * kept, so that commands and consoles outlive a restart; anything else there is replaced by a new one. Throws what the
 * file system says: `ACCESS_DENIED`, `DISK_FULL`, `DISK_FAILED`.
 */
export async function openToken(tokenPath: string): Promise<string> {
  try {
    return (await keptToken(tokenPath)) ?? (await newToken(tokenPath));
  } catch (cause) {
    throw toFailure(cause, `cannot keep the control API's token at ${tokenPath}`);
  }
}

/** Whether `given` is the token. Takes as long for a nearly right one as for a wrong one. */
export function isToken(token: string, given: string): boolean {
  return timingSafeEqual(digest(token), digest(given));
}

/** Digests have one length, which the comparison needs and which tells nothing of the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

async function keptToken(tokenPath: string): Promise<string | undefined> {
  const found = await fs.lstat(tokenPath).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined || !found.isFile() || found.uid !== process.geteuid?.()) return undefined;
  // Others could have read it, so it is no secret any more.
  if ((found.mode & 0o077) !== 0 || found.size > TOKEN_BYTES * 2 + 1) return undefined;
  const text = (await fs.readFile(tokenPath, 'utf8')).trim();
  return TOKEN.test(text) ? text : undefined;
}

/** Written beside and moved into place: whoever reads the file finds a whole token or none. */
async function newToken(tokenPath: string): Promise<string> {
  const token = randomBytes(TOKEN_BYTES).toString('hex');
  const beside = `${tokenPath}.${process.pid}.new`;
  await fs.rm(beside, { force: true });
  try {
    await fs.writeFile(beside, `${token}\n`, { flag: 'wx', mode: 0o600 });
    await fs.rename(beside, tokenPath);
  } catch (error) {
    await fs.rm(beside, { force: true });
    throw error;
  }
  return token;
}
