/** One thing a process can be told by its environment, and everything a table in the README says of it. */
export interface Setting<T> {
  readonly variable: string;
  readonly description: string;
  /** What an unset variable means, written as the variable would be. Empty where there is no default text. */
  readonly defaultText: string;
  /** Empty where the value has none. */
  readonly unit: string;
  /** What is accepted, as it ends the sentence "it must be …". */
  readonly range: string;
  /** Throws `BAD_CONFIG` with a sentence that names the variable, what it got and what it accepts. */
  parse(text: string): T;
}
