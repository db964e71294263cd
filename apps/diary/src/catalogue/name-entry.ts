import type { CatalogueEntry, FileId } from '@p2p/protocol';

/** What an entry of the catalogue needs to know of its content. */
export interface NamedContent {
  readonly id: FileId;
  toEntry(name: string): CatalogueEntry;
}

/** One content under one name: an element of the catalogue. `carriers` counts the peers that hold it under this name. */
export class NameEntry {
  readonly name: string;
  readonly content: NamedContent;
  carriers = 0;

  constructor(name: string, content: NamedContent) {
    this.name = name;
    this.content = content;
  }
}

/** Negative, zero or positive as `entry` comes before, is at, or comes after the position (name, id). */
export function compareToPosition(entry: NameEntry, name: string, id: string): number {
  if (entry.name !== name) return entry.name < name ? -1 : 1;
  if (entry.content.id === id) return 0;
  return entry.content.id < id ? -1 : 1;
}
