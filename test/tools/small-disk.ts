// A file system of a few MiB, for what happens when it is full. Needs root on Linux.
import { execFile } from 'node:child_process';
import { mkdir, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Why there can be none on this machine; undefined where there can. In CI (`P2P_TEST_REQUIRE=all`) it must be there. */
export function smallDiskLacks(): string | undefined {
  if (process.env['P2P_TEST_REQUIRE'] === 'all') return undefined;
  if (process.platform !== 'linux') return 'a small disk is a tmpfs, which needs Linux';
  return process.geteuid?.() === 0 ? undefined : 'mounting a tmpfs needs root: run the tests as root, or in CI';
}

export class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Mounts an empty one of `bytes` at `path`. Throws what mount says. */
  static async mount(path: string, bytes: number): Promise<SmallDisk> {
    await mkdir(path, { recursive: true });
    await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'p2p-small-disk', path]);
    return new SmallDisk(path);
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.path);
    return bavail * bsize;
  }

  /** Takes room. Returns the path of the file that does. */
  async fill(bytes: number): Promise<string> {
    const ballast = join(this.path, 'ballast');
    await writeFile(ballast, Buffer.alloc(bytes));
    return ballast;
  }

  async makeReadOnly(): Promise<void> {
    await run('mount', ['-o', 'remount,ro', this.path]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('umount', ['--lazy', this.path]);
  }
}
