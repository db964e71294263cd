import fs from 'node:fs';

/**
 * What tells one state of a file on disk from another: as long as all of it is the same, the file is the one that was
 * hashed. The change time is in it because anyone can set the modification time back, and nobody the change time.
 */
export interface Fingerprint {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly ino: bigint;
  readonly dev: bigint;
}

export function fingerprintOf(stats: fs.BigIntStats): Fingerprint {
  const { size, mtimeNs, ctimeNs, ino, dev } = stats;
  return { size, mtimeNs, ctimeNs, ino, dev };
}

export function sameFingerprint(left: Fingerprint, right: Fingerprint): boolean {
  return (
    left.mtimeNs === right.mtimeNs &&
    left.ctimeNs === right.ctimeNs &&
    left.size === right.size &&
    left.ino === right.ino &&
    left.dev === right.dev
  );
}

/** One line that is equal exactly when the fingerprints are. */
export function fingerprintText(fingerprint: Fingerprint): string {
  const { size, mtimeNs, ctimeNs, ino, dev } = fingerprint;
  return `${size}:${mtimeNs}:${ctimeNs}:${ino}:${dev}`;
}

/** Milliseconds since 1970 at which the file was last touched, rounded up. */
export function touchedAtMs(fingerprint: Fingerprint): number {
  const { mtimeNs, ctimeNs } = fingerprint;
  return Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n) + 1;
}

/**
 * The state of what is at `path`, symbolic links followed, or `undefined` when nothing is there or no regular file.
 * Rejects with what the system says otherwise.
 */
export async function fingerprintAt(path: string): Promise<Fingerprint | undefined> {
  try {
    const stats = await fs.promises.stat(path, { bigint: true });
    return stats.isFile() ? fingerprintOf(stats) : undefined;
  } catch (cause) {
    if (isGone(cause)) return undefined;
    throw cause;
  }
}

/** Whether an error of the file system says that nothing is at a path (any more). */
export function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ESTALE';
}
