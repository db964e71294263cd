// A machine of its own on this one: a network namespace, a pair of veth, and links of a known rate. Needs root on Linux.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { eventually } from './metrics.ts';

const run = promisify(execFile);
const START_DEADLINE_MS = 10_000;
/** Bytes that leave at once: what 10 ms allow, and at least the largest packet that TCP hands down. */
const BURST_MS = 10;
const BURST_BYTES_MIN = 65_536 + 2048;
const QUEUE_MS = 50;

/** A segment of TCP with time stamps carries 1448 bytes in a frame of 1514, and the bucket counts frames. */
export const PAYLOAD_SHARE = 1448 / 1514;

export class NetworkNamespace {
  /** Words before those of a program that is to run in it. */
  readonly within: readonly [program: string, ...words: string[]];
  /** Its process: the namespace is gone with the last one, and its half of a pair takes the other along. */
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
    this.within = ['nsenter', `--net=/proc/${holder.pid}/ns/net`];
  }

  static async open(): Promise<NetworkNamespace> {
    const holder = spawn('setpriv', ['--pdeathsig', 'SIGKILL', 'unshare', '--net', 'sleep', 'infinity'], { stdio: 'ignore' });
    await once(holder, 'spawn');
    await eventually(
      () => Promise.resolve(networkOf(holder.pid)),
      (network) => network !== networkOf(process.pid),
      START_DEADLINE_MS,
    );
    return new NetworkNamespace(holder);
  }

  /** Lays a cable: `device` is its end here, and its end there, eth0, has this address of a network of 24 bits. */
  async join(device: string, address: string): Promise<void> {
    await run('ip', ['link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(this.#holder.pid)]);
    await this.run('ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
    await this.run('ip', 'link', 'set', 'eth0', 'up');
    await this.run('ip', 'link', 'set', 'lo', 'up');
  }

  /** Runs a program in it. */
  async run(...words: readonly string[]): Promise<void> {
    const [program, ...rest] = this.within;
    await run(program, [...rest, ...words]);
  }

  /** Whatever still runs there keeps running, and keeps it. */
  async close(): Promise<void> {
    const closed = once(this.#holder, 'close');
    this.#holder.kill('SIGKILL');
    await closed;
  }
}

/** Words that let so many bytes a second, in frames, leave by a device. */
export function tokenBucket(device: string, bytesPerSecond: number): readonly string[] {
  const burstBytes = Math.max(BURST_BYTES_MIN, Math.ceil((bytesPerSecond * BURST_MS) / 1000));
  const rate = ['rate', `${Math.round(bytesPerSecond * 8)}bit`, 'burst', `${burstBytes}b`, 'latency', `${QUEUE_MS}ms`];
  return ['tc', 'qdisc', 'add', 'dev', device, 'root', 'tbf', ...rate];
}

function networkOf(pid: number | undefined): string {
  return readlinkSync(`/proc/${pid}/ns/net`);
}
