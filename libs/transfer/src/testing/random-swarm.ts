import { segmentCountOf } from '@p2p/protocol';
import { seededRandom } from '../seeded-order.js';
import type { RateFrom, SourcePlan } from './simulated-source.js';
import type { SwarmPlan } from './swarm-plan.js';

const KIB = 1024;

/** What may go wrong in a swarm that a seed makes up. */
export interface Trouble {
  /** Sources die, fall silent, come back, drain, slow down; requests are refused; some have a part only. */
  readonly faults: boolean;
  /** The first source is complete, honest and always there, so that the download must finish. */
  readonly anchor: boolean;
  /** Segments of the file, at least. */
  readonly segmentsMin: number;
}

/** A download from 1 to 8 sources with links of 0.2 to 20 MiB/s, made up from `seed`. */
export function randomSwarm(seed: number, trouble: Trouble): SwarmPlan {
  const dice = new Dice(seed);
  const fileBytes = Math.floor(dice.between(trouble.segmentsMin, dice.chance(0.2) ? 400 : 150) * 64 * KIB);
  const sources = Array.from({ length: dice.whole(1, 8) }, (_, index) => randomSource(dice, index, fileBytes, trouble));
  return {
    seed,
    fileBytes,
    buffersMax: trouble.faults ? dice.whole(1, 40) : 8 * sources.length + 8,
    holderWaitMs: 10_000,
    verifyMs: dice.between(0, 3),
    sources,
    ...(dice.chance(0.3) ? { downBytesPerSecond: Math.round(dice.between(0.4, 1) * sumOfRates(sources)) } : {}),
    ...(trouble.faults && dice.chance(0.3) ? { outages: [outage(dice)] } : {}),
    ...(trouble.faults && dice.chance(0.15) ? { stalls: [{ at: dice.between(20, 3000), ms: dice.between(60, 5000) }] } : {}),
    buffers: trouble.faults && dice.chance(0.3) ? [{ at: dice.between(0, 2000), segmentsMax: dice.whole(1, 20) }] : [],
    endMs: 3_600_000,
  };
}

function sumOfRates(sources: readonly SourcePlan[]): number {
  return sources.reduce((sum, source) => sum + (source.rates[0]?.bytesPerSecond ?? 0), 0);
}

function outage(dice: Dice): { from: number; to: number } {
  const from = dice.between(0, 3000);
  return { from, to: from + dice.between(100, 8000) };
}

/** Milliseconds that the links need if every byte flowed as it could, and one trip there and back: no download is faster. */
export function fluidOptimumMs(plan: SwarmPlan): number {
  const times = plan.sources.flatMap(({ rates, present }) => [
    ...rates.map(({ at }) => at),
    ...present.flatMap(({ from, to }) => [from, to]),
  ]);
  const turns = [...new Set([0, ...times])].toSorted((one, other) => one - other);
  let leftBytes = plan.fileBytes;
  let endMs = plan.endMs;
  for (const [index, from] of turns.entries()) {
    const sum = plan.sources.reduce((rate, source) => rate + rateOf(source, from), 0);
    const rate = Math.min(sum, plan.downBytesPerSecond ?? Infinity) / 1000;
    const to = turns[index + 1] ?? Infinity;
    if (rate > 0 && leftBytes / rate <= to - from) {
      endMs = from + leftBytes / rate;
      break;
    }
    if (rate > 0) leftBytes -= rate * (to - from);
  }
  return endMs + plan.verifyMs + 2 * Math.min(...plan.sources.map((source) => source.latencyMs));
}

function rateOf(source: SourcePlan, now: number): number {
  if (!source.present.some(({ from, to }) => from <= now && now < to)) return 0;
  return source.rates.findLast((rate) => rate.at <= now)?.bytesPerSecond ?? 0;
}

function randomSource(dice: Dice, index: number, fileBytes: number, trouble: Trouble): SourcePlan {
  const bytesPerSecond = Math.round(0.2 * KIB * KIB * 100 ** dice.between(0, 1));
  const isAnchor = trouble.anchor && index === 0;
  const mayFail = trouble.faults && !isAnchor;
  const isPartial = mayFail && dice.chance(0.3);
  const rates: RateFrom[] = [{ at: 0, bytesPerSecond }];
  if (trouble.faults && dice.chance(0.3)) rates.push(...change(dice, bytesPerSecond, isAnchor));
  const dies = mayFail && dice.chance(0.3) ? dice.between(50, 4000) : Infinity;
  const returns = dies + dice.between(100, 8000);
  const isPaced = dice.chance(0.3);
  return {
    id: `source-${index}`,
    rates,
    latencyMs: dice.between(0.1, 15),
    lumpBytes: isPaced ? Math.max(KIB, Math.round((bytesPerSecond * 5) / 1000)) : 64 * KIB,
    paceBytesPerSecond: isPaced ? bytesPerSecond : 0,
    present: [
      { from: trouble.faults ? dice.between(0, 50) : 0, to: dies },
      ...(dies !== Infinity && dice.chance(0.5) ? [{ from: returns, to: Infinity }] : []),
    ],
    ...(isPartial ? partial(dice, fileBytes) : {}),
    ...(mayFail && dice.chance(0.1) ? { drainsAt: dice.between(50, 3000) } : {}),
    busyRatio: trouble.faults && dice.chance(0.2) ? 0.1 : 0,
    failedRatio: trouble.faults && dice.chance(0.1) ? 0.1 : 0,
    ...(trouble.faults && dice.chance(0.4) ? { jitterMs: dice.between(0.1, 40) } : {}),
    ...(mayFail && dice.chance(0.1) ? { lackingRatio: 0.1 } : {}),
    ...(mayFail && dice.chance(0.15) ? { isStandby: true } : {}),
    ...(trouble.faults && dice.chance(0.3) ? { wireRatio: dice.between(0.3, 1) } : {}),
    corruptRatio: mayFail && dice.chance(0.1) ? 0.1 : 0,
  };
}

/** A link becomes ten times slower, or silent for a while or, when others hold the file, for ever. */
function change(dice: Dice, bytesPerSecond: number, isAnchor: boolean): RateFrom[] {
  const at = dice.between(100, 4000);
  if (dice.chance(0.5)) return [{ at, bytesPerSecond: Math.round(bytesPerSecond / 10) }];
  const silence = { at, bytesPerSecond: 0 };
  return !isAnchor && dice.chance(0.5) ? [silence] : [silence, { at: at + dice.between(500, 6000), bytesPerSecond }];
}

function partial(dice: Dice, fileBytes: number): Pick<SourcePlan, 'have' | 'gains'> {
  const have = new Set<number>();
  const later: number[] = [];
  for (let segment = 0; segment < segmentCountOf(fileBytes); segment++) {
    if (dice.chance(0.4)) have.add(segment);
    else if (dice.chance(0.5)) later.push(segment);
  }
  const gains = later.map((segment) => ({ at: dice.between(0, 5000), segments: [segment] }));
  return { have, gains };
}

class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  between(low: number, high: number): number {
    return low + (this.#random() / 0x1_0000_0000) * (high - low);
  }

  whole(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  chance(part: number): boolean {
    return this.between(0, 1) < part;
  }
}
