// A diary and peers in containers on a network of their own, for the tests of one file.
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GenericContainer, getContainerRuntimeClient, StartedNetwork, Wait } from 'testcontainers';
import { writeContent, type ContentKind } from '../../tools/content.ts';
import { ofFile } from '../../tools/of-file.ts';
import { PeerContainer } from './peer-container.ts';
import { ProgramContainer } from './program-container.ts';
import { IMAGE, runFolder, runLabels } from './run.ts';

export interface ContainerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Bytes. */
  readonly memoryBytes?: number;
  /** Makes /data a file system in memory of so many bytes. */
  readonly dataBytes?: number;
  /** A path of this machine over a path of the container, read-only. */
  readonly mounts?: readonly { readonly source: string; readonly target: string }[];
}

export interface PeerOptions extends ContainerOptions {
  readonly id: string;
  /** A folder of the fleet that is shared from the start. */
  readonly shares?: string;
  /** Milliseconds for every KiB it sends. */
  readonly delayMs?: number;
  readonly compression?: 'auto' | 'always' | 'never';
}

type Client = Awaited<ReturnType<typeof getContainerRuntimeClient>>;
const START_TIMEOUT_MS = 60_000;
const FILES = '/files';

export class Fleet {
  /** On this machine; every container sees it as /files. */
  readonly folder: string;
  readonly #client: Client;
  readonly #network: StartedNetwork;
  readonly #containers: ProgramContainer[] = [];

  private constructor(parts: { readonly folder: string; readonly client: Client; readonly network: StartedNetwork }) {
    this.folder = parts.folder;
    this.#client = parts.client;
    this.#network = parts.network;
  }

  static async open(): Promise<Fleet> {
    const client = await getContainerRuntimeClient();
    const name = `p2p-test-${randomUUID()}`;
    const network = await client.network.create({ Name: name, Driver: 'bridge', Labels: runLabels() });
    const folder = await mkdtemp(join(runFolder(), 'fleet-'));
    // The containers' user is not the one who runs the tests.
    await chmod(folder, 0o755);
    return new Fleet({ folder, client, network: new StartedNetwork(client, name, network) });
  }

  /** Writes a file that every container sees as /files/PATH, and returns its SHA-256. */
  async write(path: string, content: { readonly kind: ContentKind; readonly bytes: number; readonly seed: number }): Promise<string> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true });
    return writeContent(join(this.folder, path), content);
  }

  async startDiary(options: ContainerOptions = {}): Promise<ProgramContainer> {
    return this.#start('diary', this.#container('diary', options).withCommand(['p2p-diary']), ProgramContainer);
  }

  /** Starts a peer. With `shares` it comes back when all of that is shared. */
  async startPeer(options: PeerOptions): Promise<PeerContainer> {
    const { id, shares, delayMs, compression, env = {} } = options;
    const settings = {
      P2P_DIARY: 'diary:4100',
      ...(shares === undefined ? {} : { P2P_SHARE_DIR: join(FILES, shares) }),
      ...(delayMs === undefined ? {} : { P2P_PACKET_DELAY_MS: String(delayMs) }),
      ...(compression === undefined ? {} : { P2P_COMPRESSION: compression }),
      ...env,
    };
    const peer = await this.#start(id, this.#container(id, { ...options, env: settings }), PeerContainer);
    if (shares !== undefined) await peer.logged(({ event }) => event === 'folder_shared');
    return peer;
  }

  /** Prints how every container ended and the last it said. */
  async describe(): Promise<void> {
    for (const container of this.#containers) {
      console.error(`--- ${container.id}: ${JSON.stringify(await container.state())}\n${await container.tail()}`);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#containers.map((each) => each.remove()));
    await this.#network.stop();
    await rm(this.folder, { recursive: true });
  }

  /** As a careful operator would run it: nothing but /data can be written, and there is no capability. */
  #container(id: string, options: ContainerOptions): GenericContainer {
    const { env = {}, memoryBytes, dataBytes, mounts = [] } = options;
    const files = { source: this.folder, target: FILES, mode: 'ro' as const };
    const container = new ReadOnlyContainer(IMAGE)
      .withLabels(runLabels())
      .withHostname(id)
      .withNetwork(this.#network)
      .withNetworkAliases(id)
      .withEnvironment(env)
      .withBindMounts([files, ...mounts.map((mount) => ({ ...mount, mode: 'ro' as const }))])
      .withDroppedCapabilities('ALL')
      .withExposedPorts(9464)
      .withWaitStrategy(Wait.forLogMessage('"listening"'))
      .withStartupTimeout(START_TIMEOUT_MS);
    if (memoryBytes !== undefined) container.withResourcesQuota({ memory: memoryBytes / 1024 ** 3 });
    if (dataBytes !== undefined) container.withTmpFs({ '/data': `size=${dataBytes},uid=1000,gid=1000,mode=0700` });
    return container;
  }

  async #start<T extends ProgramContainer>(
    id: string,
    container: GenericContainer,
    type: new (options: ConstructorParameters<typeof ProgramContainer>[0]) => T,
  ): Promise<T> {
    const started = await container.start();
    const program = new type({ id, started, client: this.#client, network: this.#network.getId() });
    this.#containers.push(program);
    return program;
  }
}

class ReadOnlyContainer extends GenericContainer {
  constructor(image: string) {
    super(image);
    this.hostConfig.ReadonlyRootfs = true;
  }
}

/** A fleet for the tests of one file: opened before them, described where one fails, closed after them. */
export function fleetOfFile(prepare: (fleet: Fleet) => Promise<void> = async () => undefined): () => Fleet {
  return ofFile({ name: 'fleet', open: () => Fleet.open(), prepare });
}
