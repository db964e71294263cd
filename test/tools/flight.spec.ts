import { describe, expect, it } from 'vitest';
import { takeoversOf, type Attempt, type Flight } from './flight.ts';

const EPOCH = 1_000_000;
const BLOW = EPOCH + 100;

const attempt = (parts: Partial<Attempt>): Attempt => ({
  kind: 'attempt',
  segment: 1,
  source: 'victim',
  cause: 'first',
  codec: 'identity',
  rawBytes: 1,
  wireBytes: 0,
  askedMs: 50,
  endedMs: 400,
  outcome: 'lost',
  ...parts,
});
const flight = (...attempts: readonly Attempt[]): Flight => ({ startedAt: EPOCH, bytes: 1, dropped: 0, attempts, redistributions: [] });
const other = (parts: Partial<Attempt>): Attempt => attempt({ source: 'other', outcome: 'verified', ...parts });

describe('takeoversOf', () => {
  it('counts from the blow to the first that is asked, be it for a loss or a hedge', () => {
    expect(takeoversOf(flight(attempt({}), other({ askedMs: 130 }), other({ askedMs: 120 })), 'victim', BLOW)).toEqual([20]);
    expect(takeoversOf(flight(attempt({ outcome: 'cancelled' }), other({ cause: 'hedge', askedMs: 160 })), 'victim', BLOW)).toEqual([60]);
  });

  it('counts from the blow even what the victim was asked for after it', () => {
    expect(takeoversOf(flight(attempt({ askedMs: 110 }), other({ askedMs: 150 })), 'victim', BLOW)).toEqual([50]);
  });

  it('leaves out what was delivered, what had ended, and what another had been asked for before', () => {
    const delivered = attempt({ outcome: 'verified' });
    const ended = attempt({ segment: 2, endedMs: 99 });
    const hedged = attempt({ segment: 3, outcome: 'cancelled' });
    const all = flight(delivered, ended, other({ segment: 2, askedMs: 120 }), hedged, other({ segment: 3, cause: 'hedge', askedMs: 90 }));
    expect(takeoversOf(all, 'victim', BLOW)).toEqual([]);
  });
});
