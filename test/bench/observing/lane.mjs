// A diary, holders and a downloader that are observed in one way, for as many downloads as are wanted.
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Stage } from '../../tools/stage.ts';
import { finished, listed, share, start, unshare } from '../control.mjs';
import { prepare } from '../pages.mjs';
import { cpuSecondsOf, userSecondsOf } from '../usage.mjs';

/** One scrape a download: every 15 s is usual, and a GiB takes less. */
const SCRAPE_AFTER_MS = 500;
/** Spans are exported this long after they end at most, and so are those of a download after it. */
const EXPORT_MS = 400;
const SETTLE_MS = 600;

export class Lane {
  #stage;
  #folder;
  #peers;
  #isScraped;

  constructor(stage, { folder, peers, isScraped }) {
    this.#stage = stage;
    this.#folder = folder;
    this.#peers = peers;
    this.#isScraped = isScraped;
  }

  /** `mode`: by what it is observed. `files`: what every one of so many `sources` shares. */
  static async open(mode, { folder, files, sources, collector }) {
    const stage = await Stage.open({ folder: join(folder, mode) });
    const env = envOf(mode, collector);
    await stage.startDiary();
    const holders = await Promise.all(Array.from({ length: sources }, (_, index) => stage.startPeer({ id: `holder-${index}`, env })));
    for (const { path } of files) await Promise.all(holders.map((holder) => share(holder, path)));
    const loader = await stage.startPeer({ id: 'loader', env });
    for (const { path } of files) await listed(loader, basename(path), sources);
    return new Lane(stage, { folder, peers: [...holders, loader], isScraped: mode !== 'nothing' });
  }

  /** CPU seconds, and those of them in user mode, of a download with one scrape, and of a moment after it. */
  async download({ path, bytes }) {
    const loader = this.#peers.at(-1);
    const output = join(this.#stage.folder, basename(path));
    const memory = prepare('warm', { folder: this.#folder, bytes });
    const before = this.#used();
    memory.release();
    const scraping = this.#isScraped ? setTimeout(() => void this.scrape(), SCRAPE_AFTER_MS) : undefined;
    try {
      const { id } = await start(loader, basename(path), output);
      await finished(loader, id);
      await delay(SETTLE_MS);
    } finally {
      clearTimeout(scraping);
      memory.stop();
    }
    const after = this.#used();
    await unshare(loader, output);
    await rm(output);
    return { cpuSeconds: after.cpu - before.cpu, userSeconds: after.user - before.user };
  }

  /** Returns the CPU seconds that it took of one process, on average; none where nobody scrapes. */
  async scrape() {
    if (!this.#isScraped) return 0;
    const before = this.#used();
    await Promise.all(
      this.#peers.map(({ metricsPort }) => fetch(`http://127.0.0.1:${metricsPort}/metrics`).then((answer) => answer.text())),
    );
    return (this.#used().cpu - before.cpu) / this.#peers.length;
  }

  async close() {
    await this.#stage.stop();
    await rm(this.#stage.folder, { recursive: true, force: true });
  }

  #used() {
    const sumOf = (secondsOf) => this.#peers.reduce((sum, { process: { pid } }) => sum + secondsOf(pid), 0);
    return { cpu: sumOf(cpuSecondsOf), user: sumOf(userSecondsOf) };
  }
}

function envOf(mode, collector) {
  if (mode === 'traces') return { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: String(EXPORT_MS) };
  return mode === 'metrics' ? {} : { NODE_OPTIONS: `--import=${new URL('no-metrics.mjs', import.meta.url).href}` };
}
