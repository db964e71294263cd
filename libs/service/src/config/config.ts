import { Failure } from '@p2p/protocol';
import { toFailure } from '../failures/to-failure.js';
import type { Setting } from './setting.js';

export type Config<S extends Record<string, Setting<unknown>>> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/**
 * Every setting's value. A variable that is empty counts as unset, because that is what charts and compose files make
 * of a value nobody gave. Throws one `BAD_CONFIG` that tells of every variable that is wrong, on one line.
 */
export function readConfig<const S extends Record<string, Setting<unknown>>>(
  settings: S,
  env: Readonly<Record<string, string | undefined>>,
): Config<S> {
  const values: Record<string, unknown> = {};
  const refusals: Failure[] = [];
  for (const [key, setting] of Object.entries(settings)) {
    const text = env[setting.variable];
    try {
      values[key] = setting.parse(text === undefined || text.trim() === '' ? setting.defaultText : text);
    } catch (error) {
      refusals.push(toFailure(error));
    }
  }
  if (refusals.length > 0) throw new Failure('BAD_CONFIG', refusals.map((each) => each.message).join('; '));
  return values as Config<S>;
}
