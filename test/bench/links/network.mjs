// Machines on a switch, each with links of a known rate: network namespaces, veth pairs and a token bucket (root only).
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { BadOption } from '../options.mjs';

/** Set in the bench that runs in a network of its own. */
const INSIDE = 'P2P_BENCH_NETWORK';
const SUBNET = '10.77.0';
const SWITCH_ADDRESS = `${SUBNET}.254`;
const POLL_MS = 5;
/** A segment of TCP with time stamps carries 1448 bytes in a frame of 1514, and the bucket counts frames. */
export const PAYLOAD_SHARE = 1448 / 1514;
/** Bytes that leave at once: what 10 ms allow, and at least the largest packet that TCP hands down. */
const BURST_MS = 10;
const BURST_BYTES_MIN = 65_536 + 2048;
const QUEUE_MS = 50;

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
    const holder = spawn('setpriv', ['--pdeathsig', 'SIGKILL', 'unshare', '--net', 'sleep', 'infinity'], { stdio: 'ignore' });
    await once(holder, 'spawn');
    while (networkOf(holder.pid) === networkOf('self')) await delay(POLL_MS);
    const within = ['nsenter', `--net=/proc/${holder.pid}/ns/net`];
    const there = (...command) => execFileSync(within[0], [within[1], ...command]);
    execFileSync('ip', ['link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(holder.pid)]);
    execFileSync('ip', ['link', 'set', port, 'master', 'switch', 'up']);
    there('ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
    there('ip', 'link', 'set', 'eth0', 'up');
    there('ip', 'link', 'set', 'lo', 'up');
    if (upBytes !== undefined) there('tc', ...bucket('eth0', upBytes));
    if (downBytes !== undefined) execFileSync('tc', bucket(port, downBytes));
    const node = { address, network: { within, address } };
    this.#nodes.push({ holder, port });
    return node;
  }

  /** Takes all machines off; whatever still runs there keeps running, unreachable. */
  close() {
    for (const { holder, port } of this.#nodes) {
      execFileSync('ip', ['link', 'delete', port]);
      holder.kill('SIGKILL');
    }
    this.#nodes = [];
    execFileSync('ip', ['link', 'delete', 'switch']);
  }
}

function bucket(device, bytes) {
  const burst = Math.max(BURST_BYTES_MIN, Math.ceil((bytes * BURST_MS) / 1000));
  return [
    'qdisc',
    'add',
    'dev',
    device,
    'root',
    'tbf',
    'rate',
    `${Math.round(bytes * 8)}bit`,
    'burst',
    `${burst}b`,
    'latency',
    `${QUEUE_MS}ms`,
  ];
}

function networkOf(pid) {
  return readlinkSync(`/proc/${pid}/ns/net`);
}
