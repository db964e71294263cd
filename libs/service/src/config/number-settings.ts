import { refusal } from './refuse.js';
import type { Setting } from './setting.js';

export interface NumberOptions {
  readonly variable: string;
  readonly description: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** For example "ms"; empty for a plain count. */
  readonly unit: string;
}

/** A whole number between `min` and `max`, both included. */
export function integerSetting(options: NumberOptions): Setting<number> {
  return between(options, { kind: 'a whole number', pattern: /^[+-]?\d{1,16}$/ });
}

/** A decimal number between `min` and `max`, both included; fractions are allowed, exponents are not. */
export function numberSetting(options: NumberOptions): Setting<number> {
  return between(options, { kind: 'a number', pattern: /^[+-]?(\d{1,16}(\.\d{0,16})?|\.\d{1,16})$/ });
}

function between(options: NumberOptions, form: { readonly kind: string; readonly pattern: RegExp }): Setting<number> {
  const { variable, description, min, max, unit } = options;
  const range = `${form.kind} from ${min} to ${max}${unit === '' ? '' : ` ${unit}`}`;
  return {
    variable,
    description,
    defaultText: String(options.default),
    unit,
    range,
    parse(text) {
      const value = form.pattern.test(text.trim()) ? Number(text) : Number.NaN;
      if (!(value >= min && value <= max)) throw refusal({ variable, range }, text);
      return value;
    },
  };
}
