// JSON that nobody expects: whatever a handler finds where it looks for its data.
import type { Random } from './random.ts';

type Draw = (random: Random) => unknown;

const NUMBERS = [0, -1, 1, 0.5, 1e308, -1e308, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, Number.MAX_SAFE_INTEGER, -(2 ** 63), 65_536, 1e-320];
const TEXTS = [
  '',
  ' ',
  '..',
  '/',
  '../../etc/passwd',
  '\u0000',
  '\ud800',
  '𝕏',
  'é',
  '__proto__',
  'constructor',
  '%s%n',
  '{}',
  '-',
  '.',
  'a',
];

const LEAVES: readonly Draw[] = [
  () => null,
  (random) => random.chance(0.5),
  (random) => random.pick(NUMBERS),
  (random) => random.int(1000),
  (random) => random.pick(TEXTS),
  (random) => random.hex(random.pick([31, 32, 33, 63, 64, 65])),
  (random) => random.pick(TEXTS).repeat(random.int(40)),
  () => [],
  () => ({}),
];

const LONGEST = 2000;
const DEPTH_MAX = 6;
const DOUBLED_LENGTH_MAX = 500;

/** Any value, `depth` levels below the message at most. */
export function anyValue(random: Random, depth = DEPTH_MAX): unknown {
  if (depth === 0 || random.chance(0.6)) return random.pick(LEAVES)(random);
  if (random.chance(0.1)) return 'x'.repeat(random.int(LONGEST));
  const isWide = random.chance(0.05);
  const count = random.int(isWide ? 200 : 5);
  const below = isWide ? 0 : depth - 1;
  if (random.chance(0.5)) return Array.from({ length: count }, () => anyValue(random, below));
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [random.pick(TEXTS) + String(index), anyValue(random, below)]));
}

/** `value` with one place in it removed, replaced, doubled or added to. */
export function mutated(value: unknown, random: Random): unknown {
  if (random.chance(0.15) || typeof value !== 'object' || value === null) return anyValue(random);
  if (Array.isArray(value)) return mutatedList(value, random);
  const entries: [string, unknown][] = Object.entries(value);
  if (entries.length === 0 || random.chance(0.1)) entries.push([random.pick(TEXTS), anyValue(random)]);
  const at = random.int(entries.length);
  const [key, inner] = entries[at] ?? ['', null];
  if (random.chance(0.2)) entries.splice(at, 1);
  else entries[at] = [key, random.chance(0.5) ? mutated(inner, random) : anyValue(random)];
  return Object.fromEntries(entries);
}

function mutatedList(list: readonly unknown[], random: Random): unknown[] {
  const copy = [...list];
  const at = random.int(copy.length + 1);
  const doubled = copy[at] ?? null;
  // More than fits a frame would not leave this process.
  if (random.chance(0.2) && JSON.stringify(doubled).length <= DOUBLED_LENGTH_MAX)
    return Array.from({ length: random.int(300) }, () => doubled);
  copy.splice(at, random.int(2), mutated(copy[at], random));
  return copy;
}
