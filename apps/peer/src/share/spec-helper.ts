import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { segmentLengthOf, type FileId } from '@p2p/protocol';
import { createLogger } from '@p2p/service';
import { filter, firstValueFrom, map } from 'rxjs';
import { dataDirAt } from '../data-dir/data-dir.js';
import type { Holding } from '../holdings/holding.js';
import { MemoryHoldings } from '../holdings/memory-holdings.js';
import { FileHasher } from './file-hasher.js';
import { LocalShares, type LocalSharesOptions } from './local-shares.js';
import type { ShareProgress } from './shares.js';

/** For tests: a folder of its own with a data directory, a folder to share, and shares that can be restarted. */
export class SharePlace {
  readonly root: string;
  readonly folder: string;
  holdings = new MemoryHoldings();
  #hasher = new FileHasher();
  #shares: LocalShares | undefined;

  private constructor(root: string) {
    this.root = root;
    this.folder = join(root, 'photos');
  }

  static async make(): Promise<SharePlace> {
    const place = new SharePlace(await fs.realpath(await fs.mkdtemp(join(tmpdir(), 'p2p-share-'))));
    await fs.mkdir(place.folder);
    return place;
  }

  get shares(): LocalShares {
    if (this.#shares === undefined) throw new Error('not started');
    return this.#shares;
  }

  get hasher(): FileHasher {
    return this.#hasher;
  }

  async start(options: Partial<LocalSharesOptions> = {}): Promise<LocalShares> {
    this.holdings = new MemoryHoldings();
    this.#hasher = new FileHasher();
    this.#shares = new LocalShares(
      { holdings: this.holdings, hasher: this.#hasher, logger: createLogger({ level: 'silent', app: 'test' }) },
      { dataDir: dataDirAt(join(this.root, 'data')), stableMs: 50, stablePollMs: 10, patrolIntervalMs: 50, ...options },
    );
    await this.#shares.start();
    return this.#shares;
  }

  /** Starts, and waits until what is remembered is shared. */
  async startWhole(options: Partial<LocalSharesOptions> = {}): Promise<LocalShares> {
    const shares = await this.start(options);
    await shares.whenIdle();
    return shares;
  }

  async stop(): Promise<void> {
    await this.#shares?.stop();
    await this.#hasher.close();
    this.#shares = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    await fs.rm(this.root, { recursive: true, force: true });
  }

  /** Writes a file below the folder; `name` may have folders in it. */
  async write(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(this.folder, name);
    await fs.mkdir(join(path, '..'), { recursive: true });
    await fs.writeFile(path, content);
    return path;
  }

  async share(path: string, name?: string): Promise<readonly ShareProgress[]> {
    const events: ShareProgress[] = [];
    const options = { signal: new AbortController().signal, ...(name === undefined ? {} : { name }) };
    for await (const event of this.shares.share(path, options)) events.push(event);
    return events;
  }

  names(): readonly string[] {
    return this.shares
      .list()
      .map((share) => share.name)
      .sort();
  }

  holdingNamed(name: string): Holding {
    const found = this.holdings.list().find((holding) => holding.names.includes(name));
    if (found === undefined) throw new Error(`nothing is held as ${name}`);
    return found;
  }

  /** The next removal from the store. */
  removal(): Promise<{ readonly file: FileId; readonly reason: string }> {
    return firstValueFrom(
      this.holdings.changes.pipe(
        filter((change) => change.kind === 'removed'),
        map((change) => ({ file: change.holding.file, reason: change.reason })),
      ),
    );
  }

  /** The next holding that is added or updated and goes by `name`. */
  appearance(name: string): Promise<Holding> {
    return firstValueFrom(
      this.holdings.changes.pipe(
        filter((change) => change.kind !== 'removed' && change.holding.names.includes(name)),
        map((change) => change.holding),
      ),
    );
  }
}

/** Everything a holding can be read for. */
export async function contentOf(holding: Holding): Promise<Buffer> {
  const { fileBytes, segmentCount, segmentBytes } = holding.manifest;
  const parts: Buffer[] = [];
  for (let index = 0; index < segmentCount; index++) {
    const target = Buffer.alloc(segmentBytes);
    const length = await holding.read(index, target);
    if (length !== segmentLengthOf(fileBytes, index)) throw new Error(`segment ${index} has ${length} bytes`);
    parts.push(target.subarray(0, length));
  }
  return Buffer.concat(parts);
}
