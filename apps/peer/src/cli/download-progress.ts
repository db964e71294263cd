import type { DownloadStatus } from '../control/api.js';
import { CLI_FRAME_MS } from '../limits.js';
import type { CommandContext } from './context.js';
import { DownloadLog } from './render/download-log.js';
import { downloadView } from './render/download-view.js';
import { jsonLine, safe } from './render/text.js';
import type { Picture, Terminal } from './terminal.js';

/** Shows a download while it runs. */
export interface DownloadProgress {
  update(status: DownloadStatus): void;
  /** Something more urgent than the state, or that it is over. */
  notice(text: string | undefined): void;
  end(): void;
}

/** The picture on a terminal, lines elsewhere; with `--json` nothing, or a line of JSON for each status. */
export function downloadProgress(context: CommandContext, options: { readonly progress: boolean }): DownloadProgress {
  const { terminal } = context;
  if (context.json) return options.progress ? new JsonProgress(terminal) : new SilentProgress(terminal);
  return terminal.isInteractive ? new PictureProgress(terminal) : new LogProgress(terminal);
}

class PictureProgress implements DownloadProgress {
  readonly #terminal: Terminal;
  readonly #picture: Picture;
  readonly #timer: NodeJS.Timeout;
  #seen: { readonly status: DownloadStatus; readonly at: number } | undefined;
  #notice: string | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#picture = terminal.picture();
    this.#timer = setInterval(() => this.#draw(), CLI_FRAME_MS);
  }

  update(status: DownloadStatus): void {
    this.#seen = { status, at: performance.now() };
  }

  notice(text: string | undefined): void {
    this.#notice = text;
  }

  end(): void {
    clearInterval(this.#timer);
    this.#picture.end();
  }

  #draw(): void {
    if (this.#seen === undefined) return;
    const { status, at } = this.#seen;
    const view = { status, ageMs: performance.now() - at, ...(this.#notice === undefined ? {} : { notice: this.#notice }) };
    this.#picture.draw(downloadView(view, this.#terminal.frame));
  }
}

class LogProgress implements DownloadProgress {
  readonly #terminal: Terminal;
  readonly #log = new DownloadLog();
  readonly #timer: NodeJS.Timeout;
  #seen: { readonly status: DownloadStatus; readonly at: number } | undefined;
  #notice: string | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#timer = setInterval(() => this.#print(), 1000);
  }

  update(status: DownloadStatus): void {
    if (this.#seen === undefined) this.#terminal.print([`downloading ${safe(status.name)} to ${safe(status.output)}`]);
    this.#seen = { status, at: performance.now() };
    this.#print();
  }

  notice(text: string | undefined): void {
    if (text !== this.#notice) this.#terminal.note(text ?? 'the peer is back');
    this.#notice = text;
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #print(): void {
    // What was last seen of a peer that is away is not how it is.
    if (this.#seen === undefined || this.#notice !== undefined) return;
    const now = performance.now();
    this.#terminal.print(this.#log.next(this.#seen.status, now, now - this.#seen.at));
  }
}

/** Nothing on standard output; what goes wrong meanwhile is told on standard error. */
class SilentProgress implements DownloadProgress {
  readonly #terminal: Terminal;
  #notice: string | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  update(_status: DownloadStatus): void {
    // The last status is printed by the command itself.
  }

  notice(text: string | undefined): void {
    if (text !== this.#notice) this.#terminal.note(jsonLine({ notice: text ?? 'the peer is back' }));
    this.#notice = text;
  }

  end(): void {
    // It has no timer and no picture.
  }
}

class JsonProgress extends SilentProgress {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    super(terminal);
    this.#terminal = terminal;
  }

  override update(status: DownloadStatus): void {
    this.#terminal.print([jsonLine(status)]);
  }
}
