// Machines on a switch, each with links of a known rate: network namespaces, veth pairs and a token bucket (root only).
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { NetworkNamespace, tokenBucket } from '../../tools/network-namespace.ts';
import { BadOption } from '../options.mjs';

/** Set in the bench that runs in a network of its own. */
const INSIDE = 'P2P_BENCH_NETWORK';
const SUBNET = '10.77.0';
const SWITCH_ADDRESS = `${SUBNET}.254`;

/**
 * Starts the bench again in a network namespace of its own, which is gone with its last process, however that ends, and
 * returns its exit code; undefined inside.
 */
export async function runInside() {
  if (process.env[INSIDE] === '1') {
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    return undefined;
  }
  if (process.getuid?.() !== 0) throw new BadOption('shaped links need root, for network namespaces');
  // The bench must not outlive this process, of which someone else knows.
  const inside = ['--pdeathsig', 'SIGKILL', 'unshare', '--net', process.execPath, ...process.argv.slice(1)];
  const child = spawn('setpriv', inside, { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } });
  const [code, signal] = await once(child, 'exit');
  return code ?? (signal === null ? 1 : 128);
}

export class Network {
  /** Where the bench itself, and a diary that it starts, can be reached. Its own link is not shaped. */
  address = SWITCH_ADDRESS;
  #nodes = [];
  #lastNumber = 0;

  constructor() {
    execFileSync('ip', ['link', 'add', 'switch', 'type', 'bridge']);
    execFileSync('ip', ['address', 'add', `${SWITCH_ADDRESS}/24`, 'dev', 'switch']);
    execFileSync('ip', ['link', 'set', 'switch', 'up']);
  }

  /** A machine that sends at `upBytes` and receives at `downBytes` a second, in frames; undefined: as fast as it goes. */
  async node({ upBytes, downBytes }) {
    const number = ++this.#lastNumber;
    const address = `${SUBNET}.${number}`;
    const port = `port${number}`;
    const namespace = await NetworkNamespace.open();
    await namespace.join(port, address);
    this.#nodes.push({ namespace, port });
    execFileSync('ip', ['link', 'set', port, 'master', 'switch', 'up']);
    if (upBytes !== undefined) await namespace.run(...tokenBucket('eth0', upBytes));
    if (downBytes !== undefined) {
      const [tc, ...words] = tokenBucket(port, downBytes);
      execFileSync(tc, words);
    }
    return { address, network: { within: namespace.within, address } };
  }

  /** Takes all machines off; whatever still runs there keeps running, unreachable. */
  async close() {
    for (const { namespace, port } of this.#nodes) {
      execFileSync('ip', ['link', 'delete', port]);
      await namespace.close();
    }
    this.#nodes = [];
    execFileSync('ip', ['link', 'delete', 'switch']);
  }
}
