// Downloads under way in a swarm, the blows that fall meanwhile, and the record of both, from which all is judged.
import { flightOf, type Flight } from '../../tools/flight.ts';
import type { Report, SourceLine, Status } from '../../tools/transfer.ts';
import type { PodGet } from '../tools/pod-get.ts';
import type { PeerPod } from '../tools/peer-pod.ts';
import { FILE, PATH, type Swarm } from './swarm.ts';

const TRACE = '/data/flight.jsonl';

/** One blow: when it was ordered, and the pods that it hits. */
export interface Blow {
  readonly what: string;
  /** In ms since 1970. */
  readonly at: number;
  readonly victims: readonly string[];
  /** What each of them owed, as the last status before the blow says. */
  readonly owed: Readonly<Record<string, number>>;
}

/** One download, from its start to its end. */
export interface Download {
  readonly pod: string;
  readonly status: Status & { readonly report: Report };
  readonly flight: Flight;
  readonly sha256: string;
}

export interface BattleRecord {
  readonly blows: readonly Blow[];
  readonly downloads: readonly Download[];
}

export class Battle {
  readonly swarm: Swarm;
  readonly random: () => number;
  readonly #blows: Blow[] = [];
  #gets: readonly PodGet[];

  /** Starts the downloads. */
  constructor(swarm: Swarm, random: () => number) {
    this.swarm = swarm;
    this.random = random;
    this.#gets = swarm.downloaders.map((pod) => pod.startGet(FILE, TRACE));
  }

  /** The download of the first downloader. */
  get first(): PodGet {
    const [first] = this.#gets;
    if (first === undefined) throw new Error('somebody downloads');
    return first;
  }

  /** Until a seeded share of the file between these is verified. */
  async moment(from = 0.2, to = 0.5): Promise<void> {
    await this.first.reached(from + (to - from) * this.random());
  }

  /** So many holders in seeded order; those that owe the first downloader something come first. */
  victims(count: number): readonly PeerPod[] {
    const owed = this.#owed();
    return this.swarm.holders
      .map((pod) => ({ pod, rank: this.random() - ((owed[pod.name] ?? 0) > 0 ? 1 : 0) }))
      .toSorted((a, b) => a.rank - b.rank)
      .slice(0, count)
      .map(({ pod }) => pod);
  }

  /** Notes a blow in the record; to be called right before it falls. */
  note(what: string, victims: readonly string[]): void {
    const owed = this.#owed();
    this.#blows.push({ what, at: Date.now(), victims, owed: Object.fromEntries(victims.map((name) => [name, owed[name] ?? 0])) });
  }

  /** Until a segment was given to another holder, or the download is over. */
  async redistributed(): Promise<void> {
    await this.first.status(({ state, report }) => state === 'done' || Object.keys(report?.redistributed ?? {}).length > 0);
  }

  /** Attaches to the downloads anew, after the pods they run in were struck. */
  async reattach(): Promise<void> {
    for (const get of this.#gets) get.leave();
    this.#gets = this.swarm.downloaders.map((pod) => pod.startGet(FILE, TRACE));
  }

  /** The record, once all downloads are done. Throws when one fails. */
  async ended(): Promise<BattleRecord> {
    const downloads: Download[] = [];
    for (const [index, get] of this.#gets.entries()) {
      const pod = this.swarm.downloaders[index];
      if (pod === undefined) continue;
      const status = await get.done;
      const { stdout } = await pod.exec(['cat', TRACE]);
      downloads.push({ pod: pod.name, status, flight: flightOf(stdout), sha256: await pod.sha256(PATH) });
    }
    return { blows: this.#blows, downloads };
  }

  #owed(): Readonly<Record<string, number>> {
    const sources: readonly SourceLine[] = this.first.statuses.at(-1)?.report?.sources ?? [];
    return Object.fromEntries(sources.map(({ source, inFlight }) => [source, inFlight]));
  }
}
