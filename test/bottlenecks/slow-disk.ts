// A file system that takes so many bytes a second of those who are put into its group. Needs root on Linux.
import { execFile } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Cgroup } from './cgroup.ts';

const run = promisify(execFile);

export interface SlowDiskOptions {
  /** Where its bytes are kept. */
  readonly image: string;
  readonly path: string;
  readonly bytes: number;
  readonly bytesPerSecond: number;
}

export class SlowDisk {
  readonly path: string;
  readonly #group: Cgroup;

  private constructor(path: string, group: Cgroup) {
    this.path = path;
    this.#group = group;
  }

  /** Every write waits for the device: what the system writes later, on its own account, no group would slow down. */
  static async mount({ image, path, bytes, bytesPerSecond }: SlowDiskOptions): Promise<SlowDisk> {
    await using file = await open(image, 'w');
    await file.truncate(bytes);
    await run('mkfs.ext2', ['-q', '-F', image]);
    await mkdir(path, { recursive: true });
    await run('mount', ['-o', 'loop,sync,noatime', image, path]);
    try {
      const { stdout } = await run('findmnt', ['--noheadings', '--output', 'MAJ:MIN', '--target', path]);
      return new SlowDisk(path, await Cgroup.ofDevice('disk', stdout.trim(), bytesPerSecond));
    } catch (error) {
      await run('umount', [path]);
      throw error;
    }
  }

  /** From now on it is slow for this process. */
  async slowDown(pid: number): Promise<void> {
    await this.#group.add(pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#group[Symbol.asyncDispose]();
    // The loop device goes with it.
    await run('umount', ['--lazy', this.path]);
  }
}
