import type { WriteStream } from 'node:tty';
import { createLogUpdate } from 'log-update';
import type { Frame } from './render/download-view.js';
import { createStyle, type Style } from './render/style.js';

export interface TerminalOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly plainText: boolean;
  readonly dumbTerminal: boolean;
  readonly unicode: boolean;
}

const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;
const ERASE_LINE = '\r\u001b[K';

/** Where a command writes: results on standard output, everything else on standard error. */
export class Terminal {
  readonly style: Style;
  readonly errorStyle: Style;
  readonly #options: TerminalOptions;

  constructor(options: TerminalOptions) {
    this.#options = options;
    const { stdout, stderr, plainText, unicode } = options;
    this.style = createStyle({ colour: stdout.isTTY && !plainText, unicode });
    this.errorStyle = createStyle({ colour: stderr.isTTY && !plainText, unicode });
  }

  /** Whether somebody looks at a screen that can be drawn on. */
  get isInteractive(): boolean {
    return this.#options.stdout.isTTY && !this.#options.dumbTerminal;
  }

  /** Cells of a line; absent where the output is no terminal. */
  get columns(): number | undefined {
    return this.#options.stdout.isTTY ? columnsOf(this.#options.stdout) : undefined;
  }

  get frame(): Frame {
    const { stdout } = this.#options;
    // The last column is left free: some terminals wrap when it is written.
    return { columns: Math.max(20, columnsOf(stdout) - 1), rows: stdout.rows > 0 ? stdout.rows : ROWS_DEFAULT, style: this.style };
  }

  print(lines: readonly string[]): void {
    if (lines.length > 0) this.#options.stdout.write(`${lines.join('\n')}\n`);
  }

  /** Writes without ending the line. */
  write(text: string): void {
    this.#options.stdout.write(text);
  }

  note(line: string): void {
    this.#options.stderr.write(`${line}\n`);
  }

  /** A picture on standard output that is drawn over again. */
  picture(): Picture {
    return new Picture(this.#options.stdout);
  }
}

/** A terminal whose size is not known says 0. */
function columnsOf(stdout: WriteStream): number {
  return stdout.columns > 0 ? stdout.columns : COLUMNS_DEFAULT;
}

export class Picture {
  readonly #stdout: NodeJS.WriteStream;
  readonly #update: ReturnType<typeof createLogUpdate>;

  constructor(stdout: NodeJS.WriteStream) {
    this.#stdout = stdout;
    this.#update = createLogUpdate(stdout);
  }

  draw(lines: readonly string[]): void {
    this.#update(lines.join('\n'));
  }

  /** Writes lines that stay, above the picture. The terminal wraps them, so that an id can be copied whole. */
  keep(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.#update.clear();
    this.#stdout.write(`${lines.join('\n')}\n`);
  }

  /** Takes the picture away, and the "^C" that the terminal may have written under it. */
  end(): void {
    this.#stdout.write(ERASE_LINE);
    this.#update.clear();
    this.#update.done();
  }
}
