// What a scenario of chaos is.
import type { Battle } from './battle.ts';
import type { Pace } from './swarm.ts';

/** How to undo what a strike did to a node. */
export type Heal = () => Promise<void>;

export interface Scenario {
  readonly name: string;
  /** What is done to whom. */
  readonly what: string;
  /** What falls: a pod or what is in it, or a whole node. */
  readonly level: 'pod' | 'node';
  /** `local`: it strikes from outside of Kubernetes, or needs volumes; only on our own cluster. */
  readonly needs: 'any' | 'local';
  /** How many download at once. */
  readonly downloaders: 1 | 2;
  readonly pace: Pace;
  /** Whether holders fall without being able to finish what they owe, so that others must be seen to take it over. */
  readonly kills: boolean;
  /** At its moment. Fails the run when it cannot be carried out. */
  strike(battle: Battle): Promise<Heal | void>;
}
