/** What ends a program that has not started yet: in a container, where it is the first process, nothing would by itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const bin = (path: string): string => fileURLToPath(new URL(`../../apps/${path}`, import.meta.url));

/** Sends the program the signal as soon as it listens for it, and tells when that is only after its modules, of which this is the first. */
const strike = (signal: string): string => `process.on('newListener', (name) => {
  if (name !== '${signal}' || process.listenerCount(name) > 0) return;
  if (Reflect.defineMetadata !== undefined) console.log('late');
  setImmediate(() => process.kill(process.pid, name));
});`;

it.each([
  ['diary/bin/p2p-diary.js', 'SIGTERM'],
  ['peer/bin/p2p-peer.js', 'SIGTERM'],
  ['diary/bin/p2p-diary.js', 'SIGINT'],
  ['peer/bin/p2p-peer.js', 'SIGINT'],
])('%s is ended by %s while it starts', async (path, signal) => {
  const folder = await mkdtemp(join(tmpdir(), 'p2p-starting-'));
  try {
    const child = spawn(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(strike(signal))}`, bin(path)], {
      env: { ...process.env, P2P_DATA_DIR: folder, P2P_PEER_PORT: '0', P2P_METRICS_PORT: '0', P2P_CONTROL_PORT: '0', P2P_DIARY_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    // With a code, not by the signal: it was listened for.
    const [ended, by] = (await once(child, 'close')) as [number | null, string | null];
    expect(by).toBeNull();
    expect(ended).toBe(0);
    expect(said).not.toContain('late');
  } finally {
    await rm(folder, { recursive: true });
  }
});
