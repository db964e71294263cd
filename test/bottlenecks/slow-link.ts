// A machine whose link carries so many bytes a second. Needs root on Linux.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { NetworkNamespace, tokenBucket } from '../tools/network-namespace.ts';
import type { PeerOptions } from '../tools/stage.ts';

const run = promisify(execFile);

export class SlowLink {
  /** Where this machine is for those behind the link. */
  readonly near: string;
  /** Where they are. */
  readonly far: string;
  readonly network: NonNullable<PeerOptions['network']>;
  readonly #namespace: NetworkNamespace;
  readonly #device: string;

  private constructor(namespace: NetworkNamespace, device: string, subnet: string) {
    this.#namespace = namespace;
    this.#device = device;
    this.near = `${subnet}.1`;
    this.far = `${subnet}.2`;
    this.network = { within: namespace.within, address: this.far };
  }

  /** What is behind it sends at most so many bytes a second, headers included. */
  static async open(bytesPerSecond: number): Promise<SlowLink> {
    const link = new SlowLink(await NetworkNamespace.open(), `p2p${process.pid}`, `10.78.${process.pid % 250}`);
    await link.#namespace.join(link.#device, link.far);
    await run('ip', ['address', 'add', `${link.near}/24`, 'dev', link.#device]);
    await run('ip', ['link', 'set', link.#device, 'up']);
    await link.#namespace.run(...tokenBucket('eth0', bytesPerSecond));
    return link;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('ip', ['link', 'delete', this.#device]);
    await this.#namespace.close();
  }
}
