/** A deliberate bug: in `file` of libs/transfer/src, `from` becomes `to`. `from` stands there exactly once. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Bugs of the kind that a hand could make, each in a rule that the simulation is there to hold. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'what a lost source owed is forgotten',
    file: 'lost.ts',
    from: "redistributeOwed(state, source, 'source_left', now);",
    to: '',
  },
  { name: 'a liar is trusted', file: 'lying.ts', from: 'source.quarantined = true;', to: '' },
  {
    name: 'a corrupt segment is not asked for again',
    file: 'lying.ts',
    from: "if (giveBack(state, rank)) redistribute(state, rank, source, 'corrupt');",
    to: '',
  },
  {
    name: 'what a liar still owes is not called off',
    file: 'lying.ts',
    from: 'cancel(state, owed, now);',
    to: '',
  },
  {
    name: 'every source has everything',
    file: 'source-state.ts',
    from: 'return source.complete || (source.have !== undefined && source.have.has(rank));',
    to: 'return true;',
  },
  { name: 'a busy source is asked again at once', file: 'plan.ts', from: ' && source.pausedUntil <= now;', to: ';' },
  { name: 'a draining source is asked', file: 'joined.ts', from: "source.phase = 'draining';", to: '' },
  { name: 'hedging has no budget', file: 'slow.ts', from: 'if (!affords(state.waste, late.attempt.fileBytes)) continue;', to: '' },
  {
    name: 'the loser of a duel is not called off',
    file: 'arrivals.ts',
    from: 'for (const other of state.attemptsAt.get(attempt.rank) ?? []) cancel(state, other, now);',
    to: '',
  },
  { name: 'a duel is never settled', file: 'segments.ts', from: 'settleDuel(state.waste, attempt);', to: '' },
  {
    name: 'what one in a duel may still bring is not set aside',
    file: 'waste-budget.ts',
    from: "if (other.phase === 'cancelling' && other.duel === duel) {",
    to: 'if (false) {',
  },
  {
    name: 'a silent source is waited for',
    file: 'silent.ts',
    from: 'if (now < silentAt(source) && !isStuck) continue;',
    to: 'if (!isStuck) continue;',
  },
  {
    name: 'what was lost waits its turn',
    file: 'what.ts',
    from: 'if (redistributed >= 0) return redistributed;',
    to: '',
  },
  { name: 'the rarest is not first', file: 'what.ts', from: 'if (rarest >= 0) return rarest;', to: '' },
  {
    name: 'one buffer too many',
    file: 'plan.ts',
    from: 'state.attempts.size < state.buffersMax',
    to: 'state.attempts.size <= state.buffersMax',
  },
  {
    name: 'a window without a bound',
    file: 'window.ts',
    from: 'Math.min(wanted, source.windowMax, WINDOW_SEGMENTS_MAX)',
    to: 'wanted + WINDOW_SEGMENTS_MAX',
  },
  { name: 'a pause is slept through', file: 'wake.ts', from: 'wakeAt = Math.min(wakeAt, source.pausedUntil);', to: 'continue;' },
  { name: 'it gives up without a wait', file: 'nobody-left.ts', from: 'if (now < state.waitUntil) return;', to: '' },
  { name: 'slow sources are never helped', file: 'step.ts', from: '  hedge(state, now);', to: '' },
  { name: 'a refused segment is forgotten', file: 'busy.ts', from: 'const isBack = giveBack(state, rank);', to: 'const isBack = false;' },
  {
    name: 'what a source lacks is asked again',
    file: 'busy.ts',
    from: "else if (refusal.kind === 'not_held') deny(state, source, rank);",
    to: '',
  },
  { name: 'what a source gains is not counted', file: 'availability.ts', from: 'if (source.counted) lift(state, rank, 1);', to: '' },
];
