import { Failure, type FileId, type SegmentRequest } from '@p2p/protocol';
import { OutgoingBody, type FrameConnection, type Tracer } from '@p2p/service';
import { take } from 'rxjs';
import type { Holding } from '../holdings/holding.js';
import type { Holdings } from '../holdings/holdings.js';
import { MANIFESTS_PER_CONNECTION_MAX, UPLOAD_RETRY_AFTER_MS } from '../limits.js';
import { ConnectionUploads, type ConnectionUploadsComponents } from './connection-uploads.js';
import type { SegmentBodyAnswer } from './upload.js';

export interface SegmentServerComponents extends ConnectionUploadsComponents {
  readonly holdings: Holdings;
  readonly tracer: Tracer;
}

interface Client {
  readonly uploads: ConnectionUploads;
  manifests: number;
}

/** Answers requests for segments and manifests from the store of holdings. */
export class SegmentServer {
  readonly #components: SegmentServerComponents;
  readonly #clients = new Map<number, Client>();

  constructor(components: SegmentServerComponents) {
    this.#components = components;
  }

  /** Connections that asked for something and are open. */
  get clients(): number {
    return this.#clients.size;
  }

  /** Throws `NOT_HELD`, `FILE_CHANGED`, `BUSY` (with `retryAfterMs`), `DRAINING`, `CANCELLED`, `DISK_FAILED`. */
  async segment(connection: FrameConnection, request: SegmentRequest, traceparent?: string): Promise<SegmentBodyAnswer> {
    this.#refuseWhenDraining();
    const holding = this.#holdingOf(request.file);
    if (request.segment >= holding.manifest.segmentCount || !holding.verified.has(request.segment)) {
      throw new Failure(
        'NOT_HELD',
        `segment ${request.segment} is not held; ${holding.verified.count} of ${holding.manifest.segmentCount} are`,
      );
    }
    const { uploads } = this.#clientOf(connection);
    const span = this.#components.tracer.join('serve', traceparent, { kind: 'server', attributes: { 'p2p.segment': request.segment } });
    return await uploads.get(request, holding, span);
  }

  cancel(connection: FrameConnection, request: number): void {
    this.#clientOf(connection).uploads.cancel(request);
  }

  /** The canonical manifest, as body. Throws `NOT_HELD`, `DRAINING`, `BUSY`. */
  manifest(connection: FrameConnection, file: FileId): { readonly body: OutgoingBody } {
    this.#refuseWhenDraining();
    const { manifest } = this.#holdingOf(file);
    const client = this.#clientOf(connection);
    if (client.manifests >= MANIFESTS_PER_CONNECTION_MAX) {
      throw new Failure(
        'BUSY',
        `${client.manifests} manifests are on their way; at most ${MANIFESTS_PER_CONNECTION_MAX} may be. Ask again later`,
        {
          retryAfterMs: UPLOAD_RETRY_AFTER_MS,
        },
      );
    }
    client.manifests++;
    // The delay stands for a slow link for files; without the manifest there is nothing to measure it on.
    return { body: new OutgoingBody({ bytes: manifest.bytes, paced: false, onDone: () => client.manifests-- }) };
  }

  #refuseWhenDraining(): void {
    if (this.#components.state.isDraining) throw new Failure('DRAINING', 'this peer is leaving; ask another holder');
  }

  #holdingOf(file: FileId): Holding {
    const holding = this.#components.holdings.get(file);
    if (holding === undefined) throw new Failure('NOT_HELD', 'the file is not held here');
    return holding;
  }

  #clientOf(connection: FrameConnection): Client {
    const known = this.#clients.get(connection.id);
    if (known !== undefined) return known;
    const client: Client = { uploads: new ConnectionUploads(this.#components, connection), manifests: 0 };
    this.#clients.set(connection.id, client);
    connection.closed.pipe(take(1)).subscribe(() => {
      this.#clients.delete(connection.id);
      client.uploads.close();
    });
    return client;
  }
}
