// What a program of ours says on /metrics, and waiting for something that no line and no event tells of.
import { setTimeout as delay } from 'node:timers/promises';

/** Between two looks: much shorter than anything that is waited for, long enough to leave the processor to others. */
const LOOK_INTERVAL_MS = 20;

/** The value of one series. `labels` are those it must have. Throws when there is no such series, or more than one. */
export async function metric(metricsPort: number, name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  return seriesOf(await answer.text(), name, labels);
}

/** The same of a text that was read already. */
export function seriesOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const found = text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .filter((line) => wanted.every((each) => line.includes(each)));
  const [only] = found;
  if (only === undefined || found.length > 1)
    throw new Error(`${found.length} series are ${name} with ${JSON.stringify(labels)}: ${found.join(', ')}`);
  return Number(only.slice(only.lastIndexOf(' ') + 1));
}

/** Reads until the value is accepted, and returns it. Throws with the last value when time is up. */
export async function eventually<T>(read: () => Promise<T>, accepts: (value: T) => boolean, deadlineMs: number): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const value = await read();
    if (accepts(value)) return value;
    if (performance.now() > deadline) throw new Error(`after ${deadlineMs} ms it is still ${JSON.stringify(value)}`);
    await delay(LOOK_INTERVAL_MS);
  }
}
