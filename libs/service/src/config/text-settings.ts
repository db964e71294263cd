import { refusal } from './refuse.js';
import type { Setting } from './setting.js';

export interface ChoiceOptions<C extends readonly string[]> {
  readonly variable: string;
  readonly description: string;
  readonly choices: C;
  readonly default: C[number];
}

/** One of a few words. */
export function choiceSetting<const C extends readonly string[]>(options: ChoiceOptions<C>): Setting<C[number]> {
  const { variable, description, choices } = options;
  const range = choices.length === 1 ? `${choices[0]}` : `one of ${choices.join(', ')}`;
  return {
    variable,
    description,
    defaultText: options.default,
    unit: '',
    range,
    parse(text) {
      const choice = choices.find((each) => each === text.trim());
      if (choice === undefined) throw refusal({ variable, range }, text);
      return choice;
    },
  };
}

export interface TextOptions {
  readonly variable: string;
  readonly description: string;
  /** Need not satisfy `accepts`: an empty default often means "worked out later". */
  readonly default: string;
  /** Ends the sentence "it must be …". */
  readonly range: string;
  accepts(text: string): boolean;
}

/** A text that `accepts` says yes to, kept as it is. */
export function textSetting(options: TextOptions): Setting<string> {
  const { variable, description, range } = options;
  return {
    variable,
    description,
    defaultText: options.default,
    unit: '',
    range,
    parse(text) {
      if (text !== options.default && !options.accepts(text)) throw refusal({ variable, range }, text);
      return text;
    },
  };
}
