// Stands between a downloader and a real holder, and bends what the holder answers.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Random } from './random.ts';

export interface BendingProxyOptions {
  /** The holder's. */
  readonly port: number;
  /** What the proxy is called where the holder says its own name; as long as that. */
  readonly names: { readonly own: string; readonly holder: string };
  readonly random: Random;
  /** Of the chunks that come from the holder, how many are bent. */
  readonly bentRatio: number;
}

export class BendingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Chunks that were bent, and connections that were taken. */
  bent = 0;
  connections = 0;

  private constructor(options: BendingProxyOptions) {
    this.#server = createServer((downloader) => this.#join(downloader, options));
  }

  static async open(options: BendingProxyOptions): Promise<BendingProxy> {
    const proxy = new BendingProxy(options);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(downloader: Socket, { port, names, random, bentRatio }: BendingProxyOptions): void {
    this.connections += 1;
    const holder = connect({ host: '127.0.0.1', port });
    for (const [one, other] of [
      [downloader, holder],
      [holder, downloader],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    downloader.pipe(holder);
    let isFirst = true;
    holder.on('data', (chunk: Buffer) => {
      // Without its hello the downloader would not ask it for anything.
      if (isFirst) downloader.write(Buffer.from(chunk.toString('latin1').replace(`"${names.holder}"`, `"${names.own}"`), 'latin1'));
      else downloader.write(random.chance(bentRatio) ? this.#bend(chunk, random) : chunk);
      isFirst = false;
    });
  }

  /** Near the beginning, where headers are, or anywhere; some bytes more or fewer shift all that follows. */
  #bend(chunk: Buffer, random: Random): Buffer {
    this.bent += 1;
    const at = random.int(random.chance(0.5) ? Math.min(chunk.length, 200) : chunk.length);
    const [before, after] = [chunk.subarray(0, at), chunk.subarray(at)];
    switch (random.int(4)) {
      case 0:
        return Buffer.concat([before, random.bytes(1 + random.int(8)), after]);
      case 1:
        return Buffer.concat([before, after.subarray(1 + random.int(8))]);
      default: {
        const count = Math.min(after.length, 1 + random.int(16));
        return Buffer.concat([before, random.bytes(count), after.subarray(count)]);
      }
    }
  }
}
