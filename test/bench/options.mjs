// What options of the benches mean.

/** What was asked for cannot be done; its message says what can. */
export class BadOption extends Error {}

const UNITS = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** "64MiB" in bytes. */
export function bytesOf(text, name) {
  const [, number, unit] = /^(\d+)(KiB|MiB|GiB|)$/.exec(text) ?? [];
  if (number === undefined) throw new BadOption(`--${name} is ${text}; it must be a number of bytes, or of KiB, MiB or GiB`);
  return Number(number) * UNITS[unit];
}

/** A whole number from `min` to `max`. */
export function wholeOf(text, name, { min, max }) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < min || number > max) {
    throw new BadOption(`--${name} is ${text}; it must be a whole number from ${min} to ${max}`);
  }
  return number;
}

/** "1,4" as numbers. */
export function wholesOf(text, name, bounds) {
  return text.split(',').map((part) => wholeOf(part, name, bounds));
}

/** "a,b", each of them one of `choices`. */
export function choicesOf(text, name, choices) {
  const chosen = text.split(',');
  for (const each of chosen) {
    if (!choices.includes(each)) throw new BadOption(`--${name} has ${each}; it may have ${choices.join(', ')}`);
  }
  return chosen;
}
