// Downloads under way in a swarm, the blows that fall meanwhile, and the record of both, from which all is judged.
import { flightOf, type Flight } from '../../tools/flight.ts';
import { redistributedIn, type Report, type SourceLine, type Status } from '../../tools/transfer.ts';
import type { PodGet } from '../tools/pod-get.ts';
import type { PeerPod } from '../tools/peer-pod.ts';
import { FILE, PATH, type Swarm } from './swarm.ts';

/** Segments that a holder owes all the time: who owes less is about to be asked again. */
const OWED_ENOUGH = 2;
/** Where the downloader keeps the record of its flight. */
export const TRACE = '/data/flight.jsonl';
const NO_FLIGHT: Flight = { startedAt: 0, bytes: 0, dropped: 0, attempts: [], redistributions: [] };

export interface Aim {
  readonly what: string;
  /** The pods that it hits. */
  readonly victims: readonly string[];
  /** They are not told, and nobody else is: no connection closes. */
  readonly isSilent?: boolean;
  /** It hits somebody who serves no segment; the victims are those whose work is at stake. */
  readonly isBystander?: boolean;
}

export interface Blow extends Aim {
  /** When it was ordered, in ms since 1970. */
  readonly at: number;
  /** Segments under way to the first downloader, as its last status before the blow says. */
  readonly underWay: number;
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

  /** Until this share of the file, from 0 to 1, is verified by the first downloader. */
  async reached(share: number): Promise<void> {
    await this.first.reached(share);
  }

  /** So many holders in seeded order, those that owe the first downloader most come first. */
  victims(count: number): readonly PeerPod[] {
    const owed = this.#owed();
    return this.swarm.holders
      .map((pod) => ({ pod, rank: this.random() - Math.min(owed[pod.name] ?? 0, OWED_ENOUGH) }))
      .toSorted((a, b) => a.rank - b.rank)
      .slice(0, count)
      .map(({ pod }) => pod);
  }

  /** Notes a blow in the record; to be called right before it falls. */
  note(aim: Aim): void {
    const underWay = Object.values(this.#owed()).reduce((total, count) => total + count, 0);
    this.#blows.push({ ...aim, at: Date.now(), underWay });
  }

  /** Until a segment was given to another holder, or the download is over. */
  async redistributed(): Promise<void> {
    await this.first.status(({ state, report }) => state === 'done' || (report !== undefined && redistributedIn(report) > 0));
  }

  /** Attaches to the downloads anew, after the pods they run in were struck. */
  reattach(): void {
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
      const { code, stdout } = await pod.exec(['cat', TRACE]);
      // A download that was taken up again has a record of nothing.
      const flight = code === 0 ? flightOf(stdout) : NO_FLIGHT;
      downloads.push({ pod: pod.name, status, flight, sha256: await pod.sha256(PATH) });
    }
    return { blows: this.#blows, downloads };
  }

  #owed(): Readonly<Record<string, number>> {
    const sources: readonly SourceLine[] = this.first.statuses.at(-1)?.report?.sources ?? [];
    return Object.fromEntries(sources.map(({ source, inFlight }) => [source, inFlight]));
  }
}
