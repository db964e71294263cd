import { limitShares, type LimitShares } from '@p2p/transfer';
import { FLIGHT_LIMITS_MAX } from '../../limits.js';
import type { FlightLimits } from './flight-line.js';

interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly shares: LimitShares;
}

/** What bounded the speed over time. Bounded: when there are too many spans, each two become one. */
export class LimitTrack {
  #spans: Span[] = [];

  add(span: Span): void {
    this.#spans.push(span);
    if (this.#spans.length > FLIGHT_LIMITS_MAX) this.#spans = halved(this.#spans);
  }

  *lines(): Generator<FlightLimits, void, undefined> {
    for (const { fromMs, untilMs, shares } of this.#spans)
      yield { kind: 'limits', fromMs, untilMs, ...limitShares((limit) => thousandths(shares[limit])) };
  }
}

function halved(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (let index = 0; index < spans.length; index += 2) {
    const [first, second] = [spans[index], spans[index + 1]];
    if (first === undefined) break;
    merged.push(second === undefined ? first : mergedOf(first, second));
  }
  return merged;
}

function mergedOf(first: Span, second: Span): Span {
  const [firstMs, secondMs] = [first.untilMs - first.fromMs, second.untilMs - second.fromMs];
  const weight = firstMs + secondMs > 0 ? firstMs / (firstMs + secondMs) : 0.5;
  const shares = limitShares((limit) => first.shares[limit] * weight + second.shares[limit] * (1 - weight));
  return { fromMs: first.fromMs, untilMs: second.untilMs, shares };
}

function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}
