// A release whose peers hold one file, and one or two of them that will download it over slowed links.
import { createHash } from 'node:crypto';
import type { Cluster } from '../tools/cluster.ts';
import { WITH_PROMETHEUS } from '../tools/chart-prometheus.ts';
import { Lab } from '../tools/lab.ts';
import { DOWNLOADS, type PeerPod } from '../tools/peer-pod.ts';
import { makeVolumes, removeVolumes } from './volumes.ts';

export const FILE = 'payload.bin';
export const PATH = `${DOWNLOADS}/${FILE}`;
const MIB = 1024 * 1024;
/** How fast links are, and a file that keeps five holders busy for about 15 s. Segments are of 64 KiB. */
const PACES = {
  /** 128 kB/s a holder: half a second a segment. */
  brisk: { bytes: 8 * MIB, packetDelayMs: 8 },
  /**
   * 26 kB/s a holder: two seconds and a half a segment. A pod that is deleted "without grace" has two seconds of it all
   * the same, and a holder uses them to finish what it owes: here it cannot.
   */
  slow: { bytes: 2 * MIB, packetDelayMs: 40 },
  /** As brisk, for three quarters of a minute: there is something to see. */
  long: { bytes: 24 * MIB, packetDelayMs: 8 },
} as const;
export type Pace = keyof typeof PACES;
export const HOLDERS = 5;
/** Longer than a node takes to come back. */
const HOLDER_WAIT_MS = 120_000;
const DEADLINE_MS = 60_000;

export interface SwarmOptions {
  readonly title: string;
  /** Of the file's content. */
  readonly seed: number;
  readonly downloaders: 1 | 2;
  readonly pace: Pace;
  /** Whether the release brings its own Prometheus (`observability.enabled`). */
  readonly hasPrometheus: boolean;
}

export class Swarm {
  readonly lab: Lab;
  /** Pods 0 and, with two, 1. */
  readonly downloaders: readonly PeerPod[];
  /** The pods after them. A StatefulSet that is scaled to fewer takes the last ones. */
  readonly holders: readonly PeerPod[];
  readonly hasVolumes: boolean;
  readonly hasPrometheus: boolean;
  #sha256 = '';

  private constructor(lab: Lab, options: Pick<SwarmOptions, 'downloaders' | 'hasPrometheus'> & { readonly hasVolumes: boolean }) {
    this.lab = lab;
    this.hasVolumes = options.hasVolumes;
    this.hasPrometheus = options.hasPrometheus;
    this.downloaders = Array.from({ length: options.downloaders }, (_, index) => lab.peer(index));
    this.holders = Array.from({ length: HOLDERS }, (_, index) => lab.peer(options.downloaders + index));
  }

  /** Installs the release and makes the file in every holder. On our own cluster each peer has a volume. */
  static async open(cluster: Cluster, options: SwarmOptions): Promise<Swarm> {
    const lab = await Lab.open(`chaos-${options.title}`);
    const swarm = new Swarm(lab, { ...options, hasVolumes: cluster.isLocal });
    try {
      await swarm.#prepare(options);
      return swarm;
    } catch (error) {
      await lab.describe();
      await swarm.close();
      throw error;
    }
  }

  get sha256(): string {
    return this.#sha256;
  }

  /** Those of all peers. */
  get pods(): readonly PeerPod[] {
    return [...this.downloaders, ...this.holders];
  }

  async close(): Promise<void> {
    await this.lab.close();
    if (this.hasVolumes) await removeVolumes(this.lab);
  }

  async #prepare({ seed, pace }: SwarmOptions): Promise<void> {
    const { bytes, packetDelayMs } = PACES[pace];
    if (this.hasVolumes) await makeVolumes(this.lab, this.pods.length);
    await this.lab.install({
      values: {
        peer: {
          replicas: this.pods.length,
          packetDelayMs,
          compression: 'never',
          holderWaitMs: HOLDER_WAIT_MS,
          persistence: { enabled: this.hasVolumes, size: '1Gi', storageClass: '-' },
        },
        observability: { ...WITH_PROMETHEUS, enabled: this.hasPrometheus },
      },
    });
    const sums = await Promise.all(this.holders.map((holder) => shareContent(holder, { seed, bytes })));
    const [first] = sums;
    if (first === undefined || sums.some((sum) => sum !== first)) throw new Error(`the holders hold different files: ${sums.join(', ')}`);
    this.#sha256 = first;
    for (const downloader of this.downloaders) await downloader.listed(FILE, this.holders.length);
  }
}

/** Makes a file that follows from the seed, shares it, and returns its SHA-256. */
async function shareContent(pod: PeerPod, { seed, bytes }: { readonly seed: number; readonly bytes: number }): Promise<string> {
  const key = createHash('sha256').update(`chaos ${seed}`).digest('hex');
  const program = `const { createCipheriv, createHash } = require('node:crypto');
    const content = createCipheriv('aes-256-ctr', Buffer.from('${key}', 'hex'), Buffer.alloc(16)).update(Buffer.alloc(${bytes}));
    require('node:fs').mkdirSync('${DOWNLOADS}', { recursive: true });
    require('node:fs').writeFileSync('${PATH}', content);
    console.log(createHash('sha256').update(content).digest('hex'));`;
  const made = await pod.exec(['node', '-e', program], { deadlineMs: DEADLINE_MS });
  if (made.code !== 0) throw new Error(`${pod.name} made no file: ${made.stderr}`);
  await pod.run(['share', PATH]);
  return made.stdout.trim();
}
