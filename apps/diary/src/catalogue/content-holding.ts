import type { PeerRecord } from './catalogue-store.js';
import type { NameEntry } from './name-entry.js';

/** Whose holding it is. The record is replaced when the peer begins to drain. */
export interface HoldingPeer {
  readonly record: PeerRecord;
}

/** One peer's holding of one content, under one name or, rarely, more. */
export class ContentHolding {
  readonly peer: HoldingPeer;
  /** Almost every holding has one name: a set for each would double the memory of the catalogue. */
  entry: NameEntry;
  others: Set<NameEntry> | undefined = undefined;
  /** Where it stands among the content's holdings. */
  position = 0;

  constructor(peer: HoldingPeer, entry: NameEntry) {
    this.peer = peer;
    this.entry = entry;
  }

  /** Returns whether the name is new to this holding. */
  addName(entry: NameEntry): boolean {
    if (entry === this.entry || this.others?.has(entry) === true) return false;
    (this.others ??= new Set()).add(entry);
    return true;
  }

  /** Removes a name that is not the only one. */
  removeName(entry: NameEntry): void {
    if (entry !== this.entry) {
      this.others?.delete(entry);
    } else {
      for (const other of this.others ?? []) {
        this.entry = other;
        break;
      }
      this.others?.delete(this.entry);
    }
    if (this.others?.size === 0) this.others = undefined;
  }

  has(entry: NameEntry): boolean {
    return entry === this.entry || this.others?.has(entry) === true;
  }

  get namesCount(): number {
    return 1 + (this.others?.size ?? 0);
  }

  get names(): readonly NameEntry[] {
    return this.others === undefined ? [this.entry] : [this.entry, ...this.others];
  }
}
