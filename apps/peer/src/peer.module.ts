import { Module, type DynamicModule } from '@nestjs/common';
import { CODECS } from '@p2p/protocol';
import { CONNECTION_IDLE_MS, FrameServer, RejectionLog, type Logger, type Tracer } from '@p2p/service';
import type { PeerConfig } from './config.js';
import { ControlModule } from './control/control.module.js';
import { PEER_STATUS, type PeerStatusSource } from './control/peer-status.js';
import { dataDirAt, type DataDir } from './data-dir/data-dir.js';
import type { Identity } from './data-dir/identity.js';
import { DIRECTORY } from './directory/directory.js';
import { DiaryClient, type DiaryClientOptions } from './directory/diary-client.js';
import { BufferShares } from './download/buffer-shares.js';
import { systemClock } from './download/clock.js';
import { DOWNLOADS } from './download/downloads.js';
import { DownloadsManager } from './download/downloads-manager.js';
import { OwnLoad } from './download/own-load.js';
import { ReceiverLoad } from './download/receiver-load.js';
import { SegmentArena } from './download/segment-arena.js';
import { SegmentWorkerClient } from './download/segment-worker-client.js';
import { MemoryHoldings } from './holdings/memory-holdings.js';
import { ARENA_BYTES, PEER_CONNECTIONS_MAX, PEER_REQUESTS_PER_CONNECTION_MAX } from './limits.js';
import { TcpPeerLinks } from './links/tcp-peer-links.js';
import { PeerMetrics } from './metrics/peer-metrics.js';
import { SegmentsController } from './serve/segments.controller.js';
import { Serve } from './serve/serve.js';
import { FileHasher } from './share/file-hasher.js';
import { LocalShares } from './share/local-shares.js';
import { SHARES } from './share/shares.js';

/** Node listens on all addresses of both families, or of IPv4 alone where there is no IPv6. */
const ALL_ADDRESSES = '';

export interface PeerPartsOptions {
  readonly config: PeerConfig;
  readonly identity: Identity;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly onFatal: DiaryClientOptions['onFatal'];
}

/** What a peer is made of; each part knows the others by their ports. */
export interface PeerParts {
  readonly dataDir: DataDir;
  readonly metrics: PeerMetrics;
  readonly hasher: FileHasher;
  readonly shares: LocalShares;
  readonly serve: Serve;
  readonly server: FrameServer;
  readonly directory: DiaryClient;
  readonly worker: SegmentWorkerClient;
  readonly downloads: DownloadsManager;
}

/** Chooses every adapter of a peer. Nothing is started. */
export function assemblePeer({ config, identity, logger, tracer, onFatal }: PeerPartsOptions): PeerParts {
  const { peerId, packetDelayMs, packetBytes, compression } = config;
  const dataDir = dataDirAt(config.dataDir);
  const metrics = new PeerMetrics();
  const holdings = new MemoryHoldings();
  const hasher = new FileHasher();
  const shares = new LocalShares(
    { holdings, hasher, logger },
    { dataDir, ...(config.shareDir === '' ? {} : { shareDir: config.shareDir }) },
  );
  const serve = new Serve(
    { holdings, hasher, metrics: metrics.serving, logger, tracer },
    { peer: peerId, packetDelayMs, packetBytes, compression },
  );
  const rejections = new RejectionLog({ logger });
  const server = new FrameServer({
    host: ALL_ADDRESSES,
    port: config.peerPort,
    connectionsMax: PEER_CONNECTIONS_MAX,
    requestsPerConnectionMax: PEER_REQUESTS_PER_CONNECTION_MAX,
    idleMs: CONNECTION_IDLE_MS,
    pace: { packetDelayMs, packetBytes },
    onViolation: (violation) => {
      metrics.frameRejected(violation.failure.code);
      rejections.rejected(violation);
    },
    onRefusal: (reason) => metrics.requestRefused(reason),
  });
  const advertisedHost = config.advertisedHost === '' ? undefined : config.advertisedHost;
  const { key, incarnation } = identity;
  const directory = new DiaryClient({
    settings: { diary: config.diary, peer: peerId, key, incarnation, advertisedHost },
    holdings,
    logger,
    onFatal,
  });
  const arena = new SegmentArena(ARENA_BYTES);
  const worker = new SegmentWorkerClient({ arena, logger });
  const downloads = new DownloadsManager(
    {
      directory,
      links: new TcpPeerLinks(peerId),
      holdings,
      shares,
      arena,
      bufferShares: new BufferShares(arena),
      worker,
      load: new ReceiverLoad({ worker, clock: systemClock }),
      own: new OwnLoad({ worker, clock: systemClock }),
      metrics: metrics.downloads,
      tracer,
      clock: systemClock,
      random: Math.random,
      logger,
    },
    {
      self: peerId,
      dataDir: dataDir.root,
      downloadsMax: config.maxDownloads,
      sourcesMax: config.maxSources,
      holderWaitMs: config.holderWaitMs,
      recordDir: config.recordDir,
      codecs: CODECS,
    },
  );
  return { dataDir, metrics, hasher, shares, serve, server, directory, worker, downloads };
}

@Module({})
class PartsModule {}

/** The two doors that Nest keeps: messages of other peers, and the control API. */
@Module({})
export class PeerModule {
  static with(options: { readonly parts: PeerParts; readonly status: PeerStatusSource; readonly logger: Logger }): DynamicModule {
    const { parts, status, logger } = options;
    const providers = [
      { provide: SHARES, useValue: parts.shares },
      { provide: DOWNLOADS, useValue: parts.downloads },
      { provide: DIRECTORY, useValue: parts.directory },
      { provide: PEER_STATUS, useValue: status },
    ];
    const partsModule: DynamicModule = { module: PartsModule, providers, exports: providers };
    return {
      module: PeerModule,
      imports: [ControlModule.register({ imports: [partsModule], logger })],
      controllers: [SegmentsController],
      providers: [{ provide: Serve, useValue: parts.serve }],
    };
  }
}
