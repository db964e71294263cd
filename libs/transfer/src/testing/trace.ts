/** Lines that are kept: enough to see what led to a failure. */
const LINES_MAX = 40;

/** The latest of what happened and was said, for the message of a failure. */
export class Trace {
  readonly #lines: { readonly at: number; readonly what: object }[] = [];
  #next = 0;

  note(at: number, what: object): void {
    this.#lines[this.#next % LINES_MAX] = { at, what };
    this.#next++;
  }

  /** Oldest first, a line each. */
  toString(): string {
    const first = this.#next % LINES_MAX;
    const lines = [...this.#lines.slice(first), ...this.#lines.slice(0, first)];
    return lines
      .map(({ at, what }) => `  ${at.toFixed(3)} ${JSON.stringify(what, (key, value: unknown) => (key === 'have' ? '…' : value))}`)
      .join('\n');
  }
}
