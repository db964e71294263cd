import { sha256Of } from '../../test/tools/content.ts';
import { listed, redistributedIn, share, startGet } from '../../test/tools/transfer.ts';

/** Longer than any of them takes with a sensible delay. */
const DEADLINE_MS = 10 * 60_000;

/** Runs the downloads one after the other, each by a new peer, and keeps what came of them. */
export class Downloads {
  results = [];
  #stage;
  /** The sources that run: peers of one setting, each with the contents it shares. */
  #sources = [];
  #settings = '';
  #started = 0;

  constructor(stage) {
    this.#stage = stage;
  }

  /** One download from `sources` peers. A failure is a result too: the other downloads still run. */
  async run({ title, content, sources, compression, delayMs, isOneKilled = false }) {
    const number = this.results.length + 1;
    process.stdout.write(`${number}. ${title} … `);
    let downloader;
    try {
      const holders = await this.#holders(content, { count: sources, compression, delayMs });
      downloader = await this.#stage.startPeer({ id: `downloader-${number}` });
      await listed(downloader, (lines) => lines.some(({ name, complete }) => name === content.name && complete === sources));
      const result = await this.#download({ number, downloader, content, victim: isOneKilled ? holders[0] : undefined });
      this.results.push({ title, sources, ...result });
      console.log(`${(result.transferMs / 1000).toFixed(2)} s${result.note ?? ''}`);
    } catch (error) {
      this.results.push({ title, sources, failure: error, isIdentical: false });
      console.log(`FAILED: ${error.message}`);
    }
    // It holds the file now, and must not be a source of the next download.
    await downloader?.process.stop();
  }

  /** Peers that share the content, as many as asked for. Those of the download before are used again where they can be. */
  async #holders(content, { count, compression, delayMs }) {
    // One of them may have been killed.
    this.#sources = this.#sources.filter(({ peer }) => peer.process.exit === undefined);
    const settings = `${compression} ${delayMs}`;
    if (settings !== this.#settings) {
      await Promise.all(this.#sources.map(({ peer }) => peer.process.stop()));
      this.#sources = [];
      this.#settings = settings;
    }
    const missing = Array.from({ length: Math.max(0, count - this.#sources.length) }, async () => {
      const id = `source-${(this.#started += 1)}`;
      return { peer: await this.#stage.startPeer({ id, delayMs, compression }), shared: new Set() };
    });
    this.#sources.push(...(await Promise.all(missing)));
    const holders = this.#sources.slice(0, count);
    for (const { peer, shared } of holders) {
      if (!shared.has(content.name)) await share(peer, content.path, content.name);
      shared.add(content.name);
    }
    return holders.map(({ peer }) => peer);
  }

  async #download({ number, downloader, content, victim }) {
    const output = await this.#stage.path('copies', `${number}-${content.name}`);
    const get = startGet(downloader, { target: content.name, output, deadlineMs: DEADLINE_MS });
    const owed = victim === undefined ? undefined : await killHalfWay(get, victim);
    const { transferMs, totalMs, bytes, report } = await get.done;
    return {
      transferMs,
      totalMs,
      redistributed: redistributedIn(report),
      wireRatio: report.wireBytes / Math.max(bytes, 1),
      isIdentical: (await sha256Of(output)) === content.sha256,
      content: content.name,
      ...(owed === undefined ? {} : { note: `, killed when it owed ${owed} segments` }),
    };
  }
}

/** Kills a source when half the file is there, and returns how many segments it owed then. */
async function killHalfWay(get, victim) {
  const owedBy = ({ report }) => report?.sources.find(({ source }) => source.startsWith(victim.id))?.inFlight ?? 0;
  const status = await get.status((each) => each.state === 'transferring' && each.verifiedBytes >= each.bytes / 2 && owedBy(each) > 0);
  victim.process.kill('SIGKILL');
  await victim.process.exited;
  return owedBy(status);
}
