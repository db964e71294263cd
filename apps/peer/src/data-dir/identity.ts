import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { incarnationSchema, peerKeySchema } from '@p2p/protocol';
import { toFailure } from '@p2p/service';
import { z } from 'zod';

/** What tells the diary that two lives belong to one peer, and which of them is newer. */
export interface Identity {
  /** Secret of this data directory; see `peerKeySchema`. */
  readonly key: string;
  /** Milliseconds since 1970, and above every earlier life's even when the clock was set back. */
  readonly incarnation: number;
}

const storedSchema = z.object({ key: peerKeySchema, incarnation: incarnationSchema });

/** Begins a new life: reads the key (or makes one) and counts the incarnation up. Throws what the disk says. */
export async function beginLife(dataDir: string, now: number): Promise<Identity> {
  const file = path.join(dataDir, 'identity.json');
  const stored = await readStored(file);
  const identity: Identity = {
    key: stored?.key ?? randomBytes(16).toString('hex'),
    incarnation: Math.max(now, (stored?.incarnation ?? 0) + 1),
  };
  const fresh = `${file}.new`;
  try {
    await fs.writeFile(fresh, JSON.stringify(identity), { mode: 0o600, flush: true });
    await fs.rename(fresh, file);
  } catch (cause) {
    throw toFailure(cause, `cannot write ${file}`);
  }
  return identity;
}

/** A file that is missing or not ours is no identity: the diary then takes this peer for another one, which is right. */
async function readStored(file: string): Promise<Identity | undefined> {
  let text: string;
  try {
    text = await fs.readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw toFailure(cause, `cannot read ${file}`);
  }
  try {
    return storedSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
