import { SEND_QUEUED_SHARE_BYTES } from './limits.js';

/**
 * Bytes of messages that wait in all connections of a server to be read. Each connection is bounded by itself; this
 * bounds all of them together, at the cost of those that let the most wait. Bodies have bounds of their own.
 */
export class QueuedBytes {
  readonly #bytesMax: number;
  #totalBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(bytes: number): void {
    this.#totalBytes += bytes;
  }

  /** Whether a connection in which `ownBytes` waited already may let more wait. One that reads its answers always may. */
  hasRoomFor(ownBytes: number): boolean {
    return this.#totalBytes <= this.#bytesMax || ownBytes <= SEND_QUEUED_SHARE_BYTES;
  }
}
