// A peer that joins the diary, says it holds a file, and lies when it is asked for it. On plain sockets, frame by frame.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  DIARY_PATTERNS,
  emptySchema,
  encodeChunkPrefix,
  encodeMessageFrame,
  FrameReader,
  joinAnswerSchema,
  manifestAnswerSchema,
  PEER_PATTERNS,
  PROTOCOL_VERSION,
  segmentBytesOf,
  segmentLengthOf,
  type FrameMessage,
} from '@p2p/protocol';
import { FrameClient } from '@p2p/service';
import type { Lie } from './lying-peer-lies.ts';

const HOST = '127.0.0.1';
const TIMEOUT_MS = 10_000;
const MANIFEST_BYTES_MAX = 1024 * 1024;

export interface LyingPeerOptions {
  readonly id: string;
  readonly diaryPort: number;
  /** The file it says it holds, with what is really in it. `claimedBytes`: the size it tells the diary, where that is a lie too. */
  readonly file: { readonly id: string; readonly name: string; readonly content: Uint8Array; readonly claimedBytes?: number };
  /** Where an honest holder of the file listens: its manifest is the liar's. */
  readonly honestPort: number;
  /** The manifest, where the honest holder does not share the file just now. */
  readonly manifest?: Uint8Array;
  readonly lie: Lie;
}

/** The manifest of a file, from whoever holds it. */
export async function manifestFrom(port: number, file: string): Promise<Uint8Array> {
  const client = await FrameClient.connect({ host: HOST, port, connectTimeoutMs: TIMEOUT_MS });
  try {
    const target = new Uint8Array(MANIFEST_BYTES_MAX);
    const options = { timeoutMs: TIMEOUT_MS, target: () => target };
    const { bodyBytes } = await client.requestBody(PEER_PATTERNS.manifest, { file }, manifestAnswerSchema, options);
    return target.slice(0, bodyBytes);
  } finally {
    client.close();
  }
}

export class LyingPeer {
  readonly #options: LyingPeerOptions;
  readonly #manifest: Uint8Array;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #cancels = new Map<Socket, Map<number, () => void>>();
  #diary: FrameClient | undefined;
  #renewing: NodeJS.Timeout | undefined;
  /** Segments it was asked for. */
  asked = 0;

  private constructor(options: LyingPeerOptions, manifest: Uint8Array) {
    this.#options = options;
    this.#manifest = manifest;
    this.#server = createServer({ noDelay: true }, (socket) => this.#onConnection(socket));
  }

  static async start(options: LyingPeerOptions): Promise<LyingPeer> {
    const peer = new LyingPeer(options, options.manifest ?? (await manifestFrom(options.honestPort, options.file.id)));
    await peer.#join();
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewing);
    this.#diary?.close();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #join(): Promise<void> {
    const { id, diaryPort, file } = this.#options;
    this.#server.listen(0, HOST);
    await once(this.#server, 'listening');
    const { port } = this.#server.address() as AddressInfo;
    const diary = await FrameClient.connect({ host: HOST, port: diaryPort, connectTimeoutMs: TIMEOUT_MS });
    this.#diary = diary;
    const lease = { version: PROTOCOL_VERSION, peer: id, key: '0'.repeat(32), incarnation: Date.now(), host: HOST, port };
    const options = { timeoutMs: TIMEOUT_MS };
    const { leaseTtlMs } = await diary.request(DIARY_PATTERNS.join, lease, joinAnswerSchema, options);
    this.#renewing = setInterval(() => {
      diary.request(DIARY_PATTERNS.renew, {}, emptySchema, options).catch(() => undefined);
    }, leaseTtlMs / 3);
    const { content, claimedBytes = content.length } = file;
    const announced = { id: file.id, name: file.name, bytes: claimedBytes, state: 'complete' };
    await diary.request(DIARY_PATTERNS.announce, { files: [announced] }, emptySchema, options);
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket);
    this.#cancels.set(socket, new Map());
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#cancels.delete(socket);
    });
    const reader = new FrameReader({
      onMessage: (message) => this.#onMessage(socket, message),
      onBodyStart: () => null,
      onBodyBytes: () => {},
      onBodyEnd: () => {},
      onBodyAborted: () => {},
    });
    socket.on('data', (bytes) => reader.push(bytes as Buffer));
  }

  #onMessage(socket: Socket, message: FrameMessage): void {
    const { id, pattern } = message;
    const data = message['data'] as { readonly request?: number; readonly segment?: number };
    const respond = (response: object, isDisposed = true): void => void socket.write(encodeMessageFrame({ id, response, isDisposed }));
    switch (pattern) {
      case PEER_PATTERNS.hello:
        return respond({ version: PROTOCOL_VERSION, peer: this.#options.id, packetDelayMs: 0, packetBytes: 1024 });
      case PEER_PATTERNS.manifest:
        respond({ bodyBytes: this.#manifest.length });
        socket.write(encodeChunkPrefix(this.#manifest.length));
        return void socket.write(this.#manifest);
      case PEER_PATTERNS.availability:
        return respond({ kind: 'complete' }, false);
      case PEER_PATTERNS.segment:
        return this.#lie(socket, id, data.request ?? 0, data.segment ?? 0);
      case PEER_PATTERNS.cancel:
        return this.#cancels.get(socket)?.get(data.request ?? 0)?.();
      case PEER_PATTERNS.dispute:
        return respond({ intact: true });
      default:
    }
  }

  #lie(socket: Socket, id: unknown, request: number, segment: number): void {
    this.asked += 1;
    const { content } = this.#options.file;
    const at = segment * segmentBytesOf(content.length);
    const honest = content.subarray(at, at + segmentLengthOf(content.length, segment));
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    this.#cancels.get(socket)?.set(request, resolve);
    void this.#options.lie({ socket, id, request, segment, honest, cancelled });
  }
}
