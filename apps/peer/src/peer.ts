import fs from 'node:fs/promises';
import type { AddressInfo, Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { PROTOCOL_VERSION, type Failure } from '@p2p/protocol';
import { FailureFilter, NestLogger, OpsServer, toFailure, type Logger, type Tracer } from '@p2p/service';
import { packageVersion } from './cli/version.js';
import type { PeerConfig } from './config.js';
import type { PeerStatus } from './control/api.js';
import { configureControl } from './control/configure-control.js';
import type { PeerStatusSource } from './control/peer-status.js';
import { openToken } from './control/token.js';
import { dataDirAt, makeDataDir } from './data-dir/data-dir.js';
import { DataDirLock } from './data-dir/data-dir-lock.js';
import { beginLife } from './data-dir/identity.js';
import { DRAIN_DEADLINE_MS, LEAVE_LINGER_MS } from './limits.js';
import { assemblePeer, PeerModule, type PeerParts } from './peer.module.js';

export interface PeerComponents {
  readonly logger: Logger;
  readonly tracer: Tracer;
  /** Somebody asked the peer to leave, or going on makes no sense. To be answered with `stop`. */
  onEnd(why: { readonly failure?: Failure }): void;
}

/** The ports actually bound. */
export interface PeerPorts {
  readonly peerPort: number;
  readonly controlPort: number;
  readonly metricsPort: number;
}

/** A peer from its start to its end: one process, one data directory, three doors. */
export class Peer implements PeerStatusSource {
  readonly #config: PeerConfig;
  readonly #components: PeerComponents;
  readonly #lock: DataDirLock;
  readonly #parts: PeerParts;
  readonly #startedAt = new Date().toISOString();
  #app: NestExpressApplication | undefined;
  #ops: OpsServer | undefined;
  #ports: PeerPorts | undefined;
  #isLeaving = false;

  private constructor(config: PeerConfig, components: PeerComponents, lock: DataDirLock, parts: PeerParts) {
    this.#config = config;
    this.#components = components;
    this.#lock = lock;
    this.#parts = parts;
  }

  /**
   * Starts everything; the diary need not be there. Throws `DATA_DIR_IN_USE`, `ACCESS_DENIED`, `DISK_FULL`,
   * `DISK_FAILED`, `PORT_TAKEN`, with nothing left behind.
   */
  static async start(config: PeerConfig, components: PeerComponents): Promise<Peer> {
    const { logger, tracer, onEnd } = components;
    await makeDataDir(dataDirAt(config.dataDir));
    const lock = DataDirLock.take(config.dataDir);
    try {
      const identity = await beginLife(config.dataDir, Date.now());
      const parts = assemblePeer({ config, identity, logger, tracer, onFatal: (failure) => onEnd({ failure }) });
      const peer = new Peer(config, components, lock, parts);
      try {
        await peer.#open();
        return peer;
      } catch (error) {
        await peer.#close();
        throw error;
      }
    } catch (error) {
      lock.release();
      throw toFailure(error);
    }
  }

  get ports(): PeerPorts {
    if (this.#ports === undefined) throw new Error('the ports of a peer are known once it has started');
    return this.#ports;
  }

  async status(): Promise<PeerStatus> {
    const { shares, serve, directory, downloads, dataDir } = this.#parts;
    const shared = shares.list();
    return {
      peer: this.#config.peerId,
      version: packageVersion(),
      protocolVersion: PROTOCOL_VERSION,
      startedAt: this.#startedAt,
      diary: { address: `${this.#config.diary.host}:${this.#config.diary.port}`, connected: directory.isConnected },
      advertised: `${directory.advertisedHost ?? '?'}:${this.ports.peerPort}`,
      draining: serve.isDraining,
      dataDir: dataDir.root,
      freeBytes: await this.#freeBytes(),
      shares: shared.length,
      sharedBytes: shared.reduce((sum, share) => sum + share.bytes, 0),
      uploads: serve.status,
      downloads: downloads.list(),
    };
  }

  leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#components.onEnd({});
  }

  /**
   * Leaves in order: no downloader is sent here any more, running uploads finish (for 25 s at most), downloads are put
   * down to be taken up at the next start, and the diary is told.
   */
  async stop(): Promise<void> {
    const { serve, directory, downloads } = this.#parts;
    const wasAskedToLeave = this.#isLeaving;
    this.#isLeaving = true;
    await downloads.stop();
    const drained = serve.drain(DRAIN_DEADLINE_MS);
    await directory.drain();
    if (!(await drained)) this.#components.logger.warn('uploads_cut_off', { drainDeadlineMs: DRAIN_DEADLINE_MS });
    await directory.leave();
    await this.#close();
    this.#lock.release();
    if (wasAskedToLeave) await sleep(LEAVE_LINGER_MS);
  }

  async #open(): Promise<void> {
    const { shares, server, directory, downloads, metrics, dataDir } = this.#parts;
    const { logger } = this.#components;
    await shares.start();
    await this.#listen();
    metrics.observe({ downloads: () => downloads.snapshot(), freeBytes: () => this.#freeBytes() });
    this.#ops = await OpsServer.start({
      port: this.#config.metricsPort,
      metrics: (reader) => metrics.document(reader),
      ready: () => this.#readiness(),
      logger,
    });
    const control = this.#app?.getHttpServer() as Server;
    this.#ports = {
      peerPort: server.boundPort,
      controlPort: (control.address() as AddressInfo).port,
      metricsPort: this.#ops.port,
    };
    directory.start(server.boundPort);
    await downloads.resumeJobs();
    logger.debug('data_dir', { dataDir: dataDir.root });
  }

  async #listen(): Promise<void> {
    const { logger } = this.#components;
    const { controlHost, controlPort } = this.#config;
    const token = await openToken(this.#parts.dataDir.controlToken);
    const module = PeerModule.with({ parts: this.#parts, status: this, logger });
    const app = await NestFactory.create<NestExpressApplication>(module, {
      logger: new NestLogger(logger),
      bodyParser: false,
      forceCloseConnections: true,
      abortOnError: false,
    });
    this.#app = app;
    configureControl(app, { controlHost, token, logger });
    const transport = app.connectMicroservice({ strategy: this.#parts.server }, { inheritAppConfig: false, deferInitialization: true });
    transport.useGlobalFilters(new FailureFilter(logger));
    await app.startAllMicroservices();
    try {
      await app.listen(controlPort, controlHost);
    } catch (cause) {
      throw toFailure(cause, `cannot listen on ${controlHost}:${controlPort} for the control API (P2P_CONTROL_PORT)`);
    }
  }

  /** Everything that #open may have begun. */
  async #close(): Promise<void> {
    const { shares, serve, hasher, worker } = this.#parts;
    await this.#ops?.close();
    serve.close();
    await shares.stop();
    await this.#app?.close();
    await hasher.close();
    await worker.close();
  }

  /** Serving and downloading go on without the diary, so readiness does not follow it. */
  #readiness(): { ok: boolean; reasons: string[] } {
    const reasons: string[] = [];
    if (this.#parts.serve.isDraining) reasons.push('the peer is leaving');
    const ok = reasons.length === 0;
    if (!this.#parts.directory.isConnected) reasons.push('the diary cannot be reached; what is known goes on without it');
    return { ok, reasons };
  }

  async #freeBytes(): Promise<number> {
    const { bavail, bsize } = await fs.statfs(this.#config.dataDir);
    return bavail * bsize;
  }
}
