import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Failure } from '@p2p/protocol';
import { toFailure } from '@p2p/service';

/** Bytes that fit the path of a Unix socket on every system we run on (macOS: 104 with the final NUL). */
const SOCKET_PATH_BYTES_MAX = 100;

/**
 * Keeps two peers out of one data directory. The lock is a Unix socket that the owner listens on: unlike a file with a
 * process id it cannot outlive its owner's death, and a process id that came back (in a container it is always 1) does
 * not look like an owner.
 */
export class DataDirLock {
  readonly #server: net.Server;

  private constructor(server: net.Server) {
    this.#server = server;
  }

  /** Throws `DATA_DIR_IN_USE` while another peer runs on `dataDir`, `ACCESS_DENIED` where it cannot be written. */
  static async take(dataDir: string): Promise<DataDirLock> {
    const socketPath = socketPathOf(dataDir);
    // The second round is for the socket that a dead owner left behind.
    for (let round = 0; round < 2; round++) {
      const server = net.createServer((socket) => socket.destroy());
      try {
        await listen(server, socketPath);
        server.unref();
        return new DataDirLock(server);
      } catch (cause) {
        if (!isInUse(cause)) throw toFailure(cause, `cannot lock the data directory ${dataDir}`);
      }
      if (await answers(socketPath)) break;
      await fs.rm(socketPath, { force: true });
    }
    throw new Failure(
      'DATA_DIR_IN_USE',
      `another running peer owns the data directory ${dataDir}; stop it, or give this one its own with P2P_DATA_DIR`,
    );
  }

  release(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function socketPathOf(dataDir: string): string {
  const inside = path.join(dataDir, 'peer.lock');
  if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES_MAX) return inside;
  const key = createHash('sha256').update(dataDir).digest('hex').slice(0, 32);
  return path.join(os.tmpdir(), `p2p-${key}.lock`);
}

function listen(server: net.Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

/** Whether somebody listens on the socket: the kernel accepts for an owner that is merely busy or stopped. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(socketPath);
    const settle = (isAlive: boolean) => {
      socket.destroy();
      resolve(isAlive);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
