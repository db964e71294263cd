// What processes use, as Linux counts it.
import { readFileSync } from 'node:fs';

/** Linux tells times in hundredths of a second. */
const TICKS_PER_SECOND = 100;
const SAMPLE_MS = 20;

/** User and system seconds of a process so far; of its ended children where `ofChildren`. */
export function cpuSecondsOf(pid, ofChildren = false) {
  const fields = statOf(pid);
  const first = ofChildren ? 13 : 11;
  return (Number(fields[first]) + Number(fields[first + 1])) / TICKS_PER_SECOND;
}

/** User seconds of a process so far: what the programs do themselves, without what the kernel does for them. */
export function userSecondsOf(pid) {
  return Number(statOf(pid)[11]) / TICKS_PER_SECOND;
}

/** The most memory that a process has had resident, in MiB. */
export function peakMibOf(pid) {
  const kib = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Number(kib ?? 0) / 1024;
}

/** Looks at a process again and again, for what it used at a moment that is known only later. */
export class UsageSamples {
  #samples = [];
  #peakMib = 0;
  #timer;
  #pid;

  constructor(pid) {
    this.#pid = pid;
    this.#look();
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS);
  }

  /** CPU seconds until `atMs` (of `Date.now`) since this began. */
  cpuSecondsAt(atMs) {
    const sample = this.#samples.find((each) => each.atMs >= atMs) ?? this.#samples.at(-1);
    return sample.cpuSeconds - this.#samples[0].cpuSeconds;
  }

  get peakMib() {
    return this.#peakMib;
  }

  /** Looks for the last time. */
  stop() {
    clearInterval(this.#timer);
    this.#look();
  }

  #look() {
    try {
      this.#samples.push({ atMs: Date.now(), cpuSeconds: cpuSecondsOf(this.#pid) });
      this.#peakMib = peakMibOf(this.#pid);
    } catch {
      // It has ended: what was seen last holds.
    }
  }
}

/** The fields of a process after its name, which may hold anything. */
function statOf(pid) {
  return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1).split(' ');
}
