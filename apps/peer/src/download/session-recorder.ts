import { createWriteStream, type WriteStream } from 'node:fs';
import path from 'node:path';
import { Bitmap } from '@p2p/protocol';
import type { TransferCommand, TransferEvent, TransferSettings } from '@p2p/transfer';
import { RECORD_BYTES_MAX } from '../limits.js';

/**
 * Writes down what happened to one download and what the planner said, for a replay without network and disk: a line of
 * JSON for the settings, then one for each event, `{ now, event, commands }`. Off unless a folder for it is set.
 */
export class SessionRecorder {
  readonly #stream: WriteStream;
  #leftBytes = RECORD_BYTES_MAX;

  constructor(folder: string, name: string, settings: TransferSettings) {
    this.#stream = createWriteStream(path.join(folder, `${name}.jsonl`));
    // A recording is for whoever looks into a problem: that it cannot be written is no reason to fail a download.
    this.#stream.on('error', () => (this.#leftBytes = 0));
    this.#write(settings);
  }

  note(now: number, event: TransferEvent, commands: readonly TransferCommand[]): void {
    this.#write({ now, event, commands });
  }

  close(): void {
    this.#stream.end();
  }

  #write(what: object): void {
    if (this.#leftBytes <= 0) return;
    const line = `${JSON.stringify(what, (_, value: unknown) => (value instanceof Bitmap ? { size: value.size, base64: value.toBase64() } : value))}\n`;
    this.#leftBytes -= line.length;
    if (this.#leftBytes > 0) this.#stream.write(line);
  }
}
