// A group of processes with less CPU, or a slower device, than the machine has. Needs root on Linux.
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../tools/metrics.ts';

const ROOT = '/sys/fs/cgroup';
const PERIOD_US = 100_000;
const EMPTY_DEADLINE_MS = 10_000;

/** One hierarchy for all controllers, or one for each. */
const isUnified = existsSync(join(ROOT, 'cgroup.controllers'));

/** Whether groups can be made here: the controllers are there, and may be written to. */
export function hasCgroups(): boolean {
  const files = isUnified ? ['cgroup.subtree_control'] : ['cpu/cpu.cfs_quota_us', 'blkio/blkio.throttle.write_bps_device'];
  return files.every((file) => isWritable(join(ROOT, file)));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export class Cgroup {
  readonly #folder: string;
  readonly #parent: string;

  private constructor(parent: string, name: string) {
    this.#parent = parent;
    this.#folder = join(parent, name);
  }

  /** Its processes together have this share of one core; 0 to 1. */
  static async ofCpu(name: string, share: number): Promise<Cgroup> {
    const quotaUs = Math.round(PERIOD_US * share);
    const group = await Cgroup.#make('cpu', name);
    if (isUnified) await group.#set('cpu.max', `${quotaUs} ${PERIOD_US}`);
    else {
      await group.#set('cpu.cfs_period_us', String(PERIOD_US));
      await group.#set('cpu.cfs_quota_us', String(quotaUs));
    }
    return group;
  }

  /** Its processes write so many bytes a second to a device, given as MAJOR:MINOR. */
  static async ofDevice(name: string, device: string, bytesPerSecond: number): Promise<Cgroup> {
    const group = await Cgroup.#make('blkio', name);
    if (isUnified) await group.#set('io.max', `${device} wbps=${bytesPerSecond}`);
    else await group.#set('blkio.throttle.write_bps_device', `${device} ${bytesPerSecond}`);
    return group;
  }

  /** Takes a process in, with all its threads. */
  async add(pid: number): Promise<void> {
    await this.#set('cgroup.procs', String(pid));
  }

  /** Gives its processes back their freedom. */
  async [Symbol.asyncDispose](): Promise<void> {
    const procs = join(this.#folder, 'cgroup.procs');
    for (const pid of (await readFile(procs, 'utf8')).split('\n').filter((line) => line !== '')) {
      // One that has ended meanwhile is in no group.
      await writeFile(join(this.#parent, 'cgroup.procs'), pid).catch(() => undefined);
    }
    await eventually(
      () => readFile(procs, 'utf8'),
      (text) => text === '',
      EMPTY_DEADLINE_MS,
    );
    await rmdir(this.#folder);
  }

  static async #make(controller: 'cpu' | 'blkio', name: string): Promise<Cgroup> {
    if (isUnified) await writeFile(join(ROOT, 'cgroup.subtree_control'), controller === 'cpu' ? '+cpu' : '+io');
    const group = new Cgroup(isUnified ? ROOT : join(ROOT, controller), `p2p-test-${process.pid}-${name}`);
    await mkdir(group.#folder);
    return group;
  }

  async #set(file: string, text: string): Promise<void> {
    await writeFile(join(this.#folder, file), text);
  }
}
