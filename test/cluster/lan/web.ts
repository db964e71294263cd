// What people would use instead: one nginx on a node, and curl on others.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalNode } from '../local/settings.mjs';
import { eventually } from '../../tools/metrics.ts';
import { run, start, type Running } from '../tools/run.ts';
import { inNode } from './links.ts';

const PORT = 18_080;
const FILE = 'payload.bin';
const START_DEADLINE_MS = 10_000;
const DEADLINE_MS = 120_000;

export class Web {
  readonly #server: Running;
  readonly #folder: string;
  readonly #url: string;

  private constructor(parts: { readonly server: Running; readonly folder: string; readonly url: string }) {
    this.#server = parts.server;
    this.#folder = parts.folder;
    this.#url = parts.url;
  }

  /** nginx in the network of this node, with a file of so many bytes. Throws where there is none. */
  static async start(node: LocalNode, bytes: number): Promise<Web> {
    const folder = await mkdtemp(join(tmpdir(), 'p2p-nginx-'));
    await mkdir(join(folder, 'html'));
    await run('truncate', [`--size=${bytes}`, join(folder, 'html', FILE)]);
    await writeFile(join(folder, 'nginx.conf'), configOf(folder));
    // In the foreground, and without workers that would outlive it.
    const words = ['nginx', '-c', join(folder, 'nginx.conf'), '-p', folder, '-e', join(folder, 'error.log')];
    const server = start('nsenter', inNode(node, words), { deadlineMs: DEADLINE_MS });
    const web = new Web({ server, folder, url: `http://${node.address}:${PORT}/${FILE}` });
    const answers = async (): Promise<boolean> => (await start('curl', ['-sfI', web.#url]).outcome).code === 0;
    await eventually(answers, (ready) => ready, START_DEADLINE_MS);
    return web;
  }

  /** Seconds until curl on every one of these nodes, all at once, has the file. */
  async seconds(nodes: readonly LocalNode[]): Promise<number> {
    const words = ['curl', '-sf', '-o', '/dev/null', '-w', '%{time_total}', this.#url];
    const times = await Promise.all(nodes.map((node) => run('nsenter', inNode(node, words), { deadlineMs: DEADLINE_MS })));
    return Math.max(...times.map(Number));
  }

  async stop(): Promise<void> {
    this.#server.kill();
    await this.#server.outcome;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function configOf(folder: string): string {
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  sendfile on;
  client_body_temp_path ${folder};
  proxy_temp_path ${folder};
  fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder};
  scgi_temp_path ${folder};
  server {
    listen ${PORT};
    root ${folder}/html;
  }
}
`;
}
