import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createLogger, NestLogger, type Logger } from '@p2p/service';
import { DIRECTORY } from '../directory/directory.js';
import { DOWNLOADS } from '../download/downloads.js';
import { SHARES } from '../share/shares.js';
import { configureControl } from './configure-control.js';
import { ControlModule } from './control.module.js';
import { PEER_STATUS } from './peer-status.js';
import { MemoryDirectory, MemoryDownloads, MemoryPeerStatus, MemoryShares } from './spec-ports.js';
import { openToken } from './token.js';

@Module({})
class PortsModule {}

/** What `fetch` takes, with headers as a plain object. */
type Request = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

/** The control API on a free port of loopback, before ports in memory. */
export class ControlHarness {
  readonly shares = new MemoryShares();
  readonly downloads = new MemoryDownloads();
  readonly directory = new MemoryDirectory();
  readonly peer = new MemoryPeerStatus(this.downloads);
  readonly dataDir: string;
  readonly token: string;
  readonly #log: PassThrough;
  #app: NestExpressApplication | undefined;
  #port = 0;

  private constructor(dataDir: string, token: string, log: PassThrough) {
    this.dataDir = dataDir;
    this.token = token;
    this.#log = log;
  }

  static async start(): Promise<ControlHarness> {
    const dataDir = await mkdtemp(path.join(os.tmpdir(), 'p2p-control-'));
    const harness = new ControlHarness(dataDir, await openToken(path.join(dataDir, 'control.token')), new PassThrough());
    await harness.listen();
    return harness;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** What the log holds by now. */
  get log(): string {
    return String(this.#log.read() ?? '');
  }

  /** Listens, on the same port again after `stop`. */
  async listen(): Promise<void> {
    const logger = createLogger({ level: 'info', app: 'peer', destination: this.#log });
    const app = await NestFactory.create<NestExpressApplication>(this.#module(logger), {
      bodyParser: false,
      forceCloseConnections: true,
      logger: new NestLogger(logger),
    });
    configureControl(app, { controlHost: '127.0.0.1', token: this.token, logger });
    await app.listen(this.#port, '127.0.0.1');
    this.#port = (app.getHttpServer().address() as AddressInfo).port;
    this.#app = app;
  }

  async stop(): Promise<void> {
    await this.#app?.close();
    this.#app = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.dataDir, { recursive: true });
  }

  fetch(route: string, init: Request = {}): Promise<Response> {
    return fetch(new URL(route, this.url), { ...init, headers: { Authorization: `Bearer ${this.token}`, ...init.headers } });
  }

  post(route: string, body: unknown, init: Request = {}): Promise<Response> {
    return this.fetch(route, { ...init, method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  }

  #module(logger: Logger) {
    const ports = [
      { provide: SHARES, useValue: this.shares },
      { provide: DOWNLOADS, useValue: this.downloads },
      { provide: DIRECTORY, useValue: this.directory },
      { provide: PEER_STATUS, useValue: this.peer },
    ];
    const imports = [{ module: PortsModule, providers: ports, exports: ports.map((each) => each.provide) }];
    return ControlModule.register({ imports, logger });
  }
}
