// What a running program holds, as the kernel sees it.
import { readFile, readdir } from 'node:fs/promises';

export interface Vitals {
  /** Resident memory, in bytes. */
  readonly rssBytes: number;
  /** Open files and sockets. */
  readonly openFiles: number;
}

export async function vitalsOf(pid: number): Promise<Vitals> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has no resident memory: it has ended`);
  return { rssBytes: Number(kib) * 1024, openFiles: (await readdir(`/proc/${pid}/fd`)).length };
}

const LOOK_INTERVAL_MS = 50;

/** The most resident memory seen while `work` goes on, in bytes, and what came of it. */
export async function peakDuring<T>(pid: number, work: () => Promise<T>): Promise<{ readonly peakBytes: number; readonly result: T }> {
  let peakBytes = 0;
  const look = async (): Promise<void> => {
    const { rssBytes } = await vitalsOf(pid).catch(() => ({ rssBytes: 0 }));
    peakBytes = Math.max(peakBytes, rssBytes);
  };
  const looking = setInterval(() => void look(), LOOK_INTERVAL_MS);
  try {
    const result = await work();
    await look();
    return { peakBytes, result };
  } finally {
    clearInterval(looking);
  }
}

/** Series of a counter on a program's /metrics, by its only label. */
export async function countsOf(metricsPort: number, name: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return new Map(
    [...text.matchAll(new RegExp(`^${name}\\{[a-z]+="([^"]+)"\\} (.+)$`, 'gm'))].map(([, label = '', value]) => [label, Number(value)]),
  );
}
