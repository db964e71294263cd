import type { CommandContext } from '../context.js';
import { CatalogueTable } from '../render/catalogue.js';
import { showBytes, showCount } from '../render/numbers.js';
import { jsonLine } from '../render/text.js';

export interface ListOptions {
  readonly peer?: string;
}

/** `p2p list`: the catalogue, printed page by page as it comes. */
export async function list(options: ListOptions, context: CommandContext): Promise<void> {
  const pages = context.client.catalogue(options.peer, context.interrupt);
  await (context.json ? listJson(pages, context) : listTable(pages, options, context));
}

type Pages = ReturnType<CommandContext['client']['catalogue']>;

async function listTable(pages: Pages, options: ListOptions, { terminal }: CommandContext): Promise<void> {
  const catalogue = new CatalogueTable({ columns: terminal.columns, style: terminal.style });
  let files = 0;
  let bytes = 0;
  for await (const entries of pages) {
    if (entries.length > 0) terminal.print(catalogue.page(entries));
    files += entries.length;
    bytes += entries.reduce((sum, entry) => sum + entry.bytes, 0);
  }
  const nothing =
    options.peer === undefined ? 'nobody shares a file yet; share one with `p2p share PATH`' : `${options.peer} shares no file`;
  if (files === 0) terminal.note(nothing);
  else if (terminal.isInteractive) terminal.print([terminal.style.paint('dim', `${showCount(files, 'file')}, ${showBytes(bytes)}`)]);
}

/** One object, written as it comes: a catalogue may be larger than what is wise to hold. */
async function listJson(pages: Pages, { terminal }: CommandContext): Promise<void> {
  let isOpen = false;
  for await (const entries of pages) {
    for (const entry of entries) {
      terminal.write(isOpen ? ',\n' : '{"entries":[\n');
      terminal.write(jsonLine(entry));
      isOpen = true;
    }
  }
  terminal.print([isOpen ? '\n]}' : '{"entries":[]}']);
}
