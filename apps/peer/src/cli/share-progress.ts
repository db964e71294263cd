import type { ShareProgress } from '../control/api.js';
import { CLI_FRAME_MS, CLI_LINE_MS } from '../limits.js';
import type { CommandContext } from './context.js';
import { showBytes, showPercent } from './render/numbers.js';
import { sharedLine, shareView } from './render/share-view.js';
import { jsonLine, safe } from './render/text.js';
import type { ShareTally } from './share-tally.js';
import type { Picture, Terminal } from './terminal.js';

/** Shows sharing while it runs. */
export interface ShareProgressView {
  update(event: ShareProgress, tally: ShareTally): void;
  end(): void;
}

export function shareProgress(context: CommandContext, options: { readonly progress: boolean }): ShareProgressView {
  const { terminal } = context;
  if (context.json) {
    return { update: (event) => (options.progress ? terminal.print([jsonLine(event)]) : undefined), end: () => undefined };
  }
  return terminal.isInteractive ? new SharePicture(terminal) : new ShareLog(terminal);
}

class SharePicture implements ShareProgressView {
  readonly #terminal: Terminal;
  readonly #picture: Picture;
  readonly #timer: NodeJS.Timeout;
  /** Lines to keep, written together with the next picture: thousands of small files must not make it flicker. */
  #lines: string[] = [];
  #tally: ShareTally | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#picture = terminal.picture();
    this.#timer = setInterval(() => this.#draw(), CLI_FRAME_MS);
  }

  update(event: ShareProgress, tally: ShareTally): void {
    this.#tally = tally;
    const { style } = this.#terminal;
    if (event.kind === 'shared') {
      const { name, bytes, id } = event.share;
      this.#lines.push(`${style.paint('green', style.tick)} ${safe(name)}  ${showBytes(bytes)}`, `  ${style.paint('dim', id)}`);
    }
    if (event.kind === 'failed') this.#lines.push(`${style.paint('red', style.cross)} ${safe(event.path)}: ${safe(event.message)}`);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#picture.end();
    this.#terminal.print(this.#lines);
  }

  #draw(): void {
    if (this.#tally === undefined) return;
    this.#picture.keep(this.#lines);
    this.#lines = [];
    this.#picture.draw(shareView(this.#tally.state, this.#terminal.frame));
  }
}

class ShareLog implements ShareProgressView {
  readonly #terminal: Terminal;
  #lineAt = performance.now();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  update(event: ShareProgress, _tally: ShareTally): void {
    if (event.kind === 'shared') this.#terminal.print([sharedLine(event.share)]);
    if (event.kind === 'failed') this.#terminal.note(`${event.code}: ${safe(event.path)}: ${safe(event.message)}`);
    if (event.kind !== 'hashing' || performance.now() - this.#lineAt < CLI_LINE_MS) return;
    this.#lineAt = performance.now();
    const { totalHashedBytes, totalBytes } = event;
    const done = `${showPercent(totalHashedBytes, totalBytes)}, ${showBytes(totalHashedBytes)} of ${showBytes(totalBytes)}`;
    this.#terminal.print([`hashing ${safe(event.name)}: ${done}`]);
  }

  end(): void {
    // It has no timer and no picture.
  }
}
