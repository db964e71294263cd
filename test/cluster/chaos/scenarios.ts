// The scenarios, as data.
import { deletePods } from './pod-blows.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'delete-one-forced',
    what: 'one holder is deleted without grace',
    downloaders: 1,
    needs: 'any',
    kills: true,
    async strike(battle) {
      await battle.moment();
      await deletePods(battle, { count: 1, isForced: true });
    },
  },
];
