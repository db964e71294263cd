import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure } from '@p2p/protocol';
import { toFailure } from '@p2p/service';

/** SQLite's primary result codes; the higher bits of an error's code tell more of the same. */
const PRIMARY_CODE_MASK = 0xff;
const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
/** May not, read-only, cannot open. */
const SQLITE_DENIED: readonly number[] = [3, 8, 14];

/**
 * Keeps two peers out of one data directory. The owner holds an exclusive transaction on an empty database: that is a lock
 * of the kernel on the file, which is taken in one step and ends with its owner, however that ends. So there is never a
 * stale one to judge: two peers that start at once cannot both take it, and a stopped owner keeps it.
 */
export class DataDirLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Throws `DATA_DIR_IN_USE` while another peer runs on `dataDir`, `ACCESS_DENIED` where it cannot be written, `DISK_FULL`, `DISK_FAILED`. */
  static take(dataDir: string): DataDirLock {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path.join(dataDir, 'peer.lock.db'), { timeout: 0 });
      database.exec('BEGIN EXCLUSIVE');
      return new DataDirLock(database);
    } catch (cause) {
      database?.close();
      throw failureOf(cause, dataDir);
    }
  }

  release(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function failureOf(cause: unknown, dataDir: string): Failure {
  if (!(cause instanceof Error) || !('errcode' in cause) || typeof cause.errcode !== 'number') {
    return toFailure(cause, `cannot lock the data directory ${dataDir}`);
  }
  const code = cause.errcode & PRIMARY_CODE_MASK;
  if (code === SQLITE_BUSY) {
    return new Failure(
      'DATA_DIR_IN_USE',
      `another running peer owns the data directory ${dataDir}; stop it, or give this one its own with P2P_DATA_DIR`,
    );
  }
  const failed = SQLITE_DENIED.includes(code) ? 'ACCESS_DENIED' : code === SQLITE_FULL ? 'DISK_FULL' : 'DISK_FAILED';
  return new Failure(failed, `cannot lock the data directory ${dataDir} (P2P_DATA_DIR): ${cause.message}`, { cause });
}
