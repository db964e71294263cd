// A machine whose link carries so many bytes a second: a network namespace, a pair of veth, a token bucket. Needs root on Linux.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import type { PeerOptions } from '../tools/stage.ts';
import { eventually } from '../tools/metrics.ts';

const run = promisify(execFile);
const START_DEADLINE_MS = 10_000;
/** The largest packet that TCP hands down, and a little: less would never pass. */
const BURST_BYTES = 65_536 + 2048;
const QUEUE_MS = 50;

export class SlowLink {
  /** Where this machine is for those behind the link. */
  readonly near: string;
  /** Where they are. */
  readonly far: string;
  readonly network: NonNullable<PeerOptions['network']>;
  readonly #holder: ChildProcess;
  readonly #device: string;

  private constructor(holder: ChildProcess, device: string, subnet: string) {
    this.#holder = holder;
    this.#device = device;
    this.near = `${subnet}.1`;
    this.far = `${subnet}.2`;
    this.network = { within: ['nsenter', `--net=/proc/${holder.pid}/ns/net`], address: this.far };
  }

  /** What is behind it sends at most so many bytes a second, headers included. */
  static async open(bytesPerSecond: number): Promise<SlowLink> {
    // The namespace is gone with its last process, and its half of the pair takes the other along.
    const holder = spawn('setpriv', ['--pdeathsig', 'SIGKILL', 'unshare', '--net', 'sleep', 'infinity'], { stdio: 'ignore' });
    await once(holder, 'spawn');
    await eventually(
      () => Promise.resolve(networkOf(holder.pid)),
      (network) => network !== networkOf(process.pid),
      START_DEADLINE_MS,
    );
    const link = new SlowLink(holder, `p2p${process.pid}`, `10.78.${process.pid % 250}`);
    await link.#raise(bytesPerSecond);
    return link;
  }

  async #raise(bytesPerSecond: number): Promise<void> {
    const [command = '', ...within] = this.network.within;
    const there = (...words: string[]): Promise<unknown> => run(command, [...within, ...words]);
    await run('ip', ['link', 'add', this.#device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(this.#holder.pid)]);
    await run('ip', ['address', 'add', `${this.near}/24`, 'dev', this.#device]);
    await run('ip', ['link', 'set', this.#device, 'up']);
    await there('ip', 'address', 'add', `${this.far}/24`, 'dev', 'eth0');
    await there('ip', 'link', 'set', 'eth0', 'up');
    await there('ip', 'link', 'set', 'lo', 'up');
    const bucket = ['rate', `${Math.round(bytesPerSecond * 8)}bit`, 'burst', `${BURST_BYTES}b`, 'latency', `${QUEUE_MS}ms`];
    await there('tc', 'qdisc', 'add', 'dev', 'eth0', 'root', 'tbf', ...bucket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('ip', ['link', 'delete', this.#device]);
    const closed = once(this.#holder, 'close');
    this.#holder.kill('SIGKILL');
    await closed;
  }
}

function networkOf(pid: number | undefined): string {
  return readlinkSync(`/proc/${pid}/ns/net`);
}
