// A diary, holders and a downloader that are observed in one way, for as many downloads as are wanted.
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Stage } from '../../tools/stage.ts';
import { finished, listed, share, start, unshare } from '../control.mjs';
import { prepare } from '../pages.mjs';
import { cpuSecondsOf, userSecondsOf } from '../usage.mjs';

/** As often as the chart's own Prometheus does. Only time in which something is downloaded counts. */
const SCRAPE_EVERY_MS = 5000;
/** Spans are exported this long after they end at most, and so are those of a download after it. */
const EXPORT_MS = 400;
const SETTLE_MS = 600;

export class Lane {
  #stage;
  #folder;
  #peers;
  #isScraped;
  #scrapeDueMs = SCRAPE_EVERY_MS;

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

  /** CPU seconds, and those of them in user mode, of a download, with a scrape when it is time for one, and of a moment after it. */
  async download({ path, bytes }) {
    const loader = this.#peers.at(-1);
    const output = join(this.#stage.folder, basename(path));
    const memory = prepare('warm', { folder: this.#folder, bytes });
    const before = this.#used();
    memory.release();
    const beganAt = performance.now();
    const scraping = setTimeout(() => void this.scrape(), this.#scrapeDueMs);
    try {
      const { id } = await start(loader, basename(path), output);
      await finished(loader, id);
      await delay(SETTLE_MS);
    } finally {
      clearTimeout(scraping);
      memory.stop();
    }
    this.#scrapeDueMs -= performance.now() - beganAt;
    if (this.#scrapeDueMs <= 0) this.#scrapeDueMs += SCRAPE_EVERY_MS;
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
