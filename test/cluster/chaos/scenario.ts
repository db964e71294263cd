// What a scenario of chaos is.
import type { Battle } from './battle.ts';

export interface Scenario {
  readonly name: string;
  /** What is done to whom, in a sentence. */
  readonly what: string;
  /** How many download at once. */
  readonly downloaders: 1 | 2;
  /** `local`: it touches a node, a pod's network or processes from outside, or needs volumes: our own cluster. */
  readonly needs: 'any' | 'local';
  /** Whether a holder is killed, so that its segments must have been given to others. */
  readonly kills: boolean;
  /** Waits for its moment and strikes. What is left to be healed it returns. */
  strike(battle: Battle): Promise<void | (() => Promise<void>)>;
}
