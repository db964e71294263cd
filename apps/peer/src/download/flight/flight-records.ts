import { Failure, type FileId } from '@p2p/protocol';
import { FLIGHT_RECORDS_MAX } from '../../limits.js';
import type { Clock } from '../clock.js';
import { FlightRecord } from './flight-record.js';

/** The flight records of this peer's downloads, of those that somebody asked for; the oldest makes room for a new one. */
export class FlightRecords {
  readonly #records = new Map<FileId, FlightRecord>();

  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins a record in place of an earlier one of the same content; of a download that runs and is recorded the record goes on. */
  want(id: FileId, { isRunning }: { readonly isRunning: boolean }): void {
    if (isRunning && this.#records.has(id)) return;
    this.#records.delete(id);
    this.#records.set(id, new FlightRecord(this.#clock));
    const [oldest] = this.#records.keys();
    if (this.#records.size > FLIGHT_RECORDS_MAX && oldest !== undefined) this.#records.delete(oldest);
  }

  find(id: FileId): FlightRecord | undefined {
    return this.#records.get(id);
  }

  /** Throws `NOT_FOUND`. */
  get(id: FileId): FlightRecord {
    const record = this.#records.get(id);
    if (record !== undefined) return record;
    throw new Failure(
      'NOT_FOUND',
      `this peer recorded no download of ${id}: it was not asked to, was started anew since, or recorded others`,
    );
  }
}
