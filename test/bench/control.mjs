// A running peer through its control API, without the start of a command in the measured time.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;
const READY_MS_MAX = 30_000;

async function call(peer, method, path, body) {
  const token = (await readFile(join(peer.dataDir, 'control.token'), 'utf8')).trim();
  const response = await fetch(`${peer.controlUrl}/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} of peer ${peer.id}: ${text}`);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Shares a file. */
export async function share(peer, path) {
  const lines = await call(peer, 'POST', 'shares', { path });
  const failed = lines.find((line) => line.failure !== undefined);
  if (failed !== undefined) throw new Error(`peer ${peer.id} does not share ${path}: ${JSON.stringify(failed)}`);
}

/** Shares it no more. */
export async function unshare(peer, target) {
  await call(peer, 'DELETE', `shares?target=${encodeURIComponent(target)}`);
}

/** Until the peer's diary lists so many complete holders of a name. */
export async function listed(peer, name, holders) {
  for (const deadline = performance.now() + READY_MS_MAX; ;) {
    const [{ entries }] = await call(peer, 'GET', 'catalogue').catch(() => [{ entries: [] }]);
    if (entries.some((entry) => entry.name === name && entry.complete === holders)) return;
    if (performance.now() > deadline) throw new Error(`${name} has not ${holders} holders: ${JSON.stringify(entries)}`);
    await delay(POLL_MS);
  }
}

/** Takes a download on. */
export async function start(peer, target, output) {
  const [status] = await call(peer, 'POST', 'downloads', { target, output });
  return status;
}

/** Every status of a download until it ends; the last one. Throws when it fails. */
export async function finished(peer, id) {
  const last = (await call(peer, 'GET', `downloads/${id}/events`)).at(-1);
  if (last.state !== 'done') throw new Error(`peer ${peer.id}: ${JSON.stringify(last)}\n${peer.process.describe()}`);
  return last;
}

/** When the last segment was verified and written, in ms since 1970. */
export async function lastProgressAtMs(peer) {
  const text = await (await fetch(`http://${new URL(peer.controlUrl).hostname}:${peer.metricsPort}/metrics`)).text();
  return Number(/^p2p_download_last_progress_timestamp_seconds (\S+)$/m.exec(text)[1]) * 1000;
}

/** How a download is now. */
export async function downloadOf(peer, id) {
  const [{ downloads }] = await call(peer, 'GET', 'downloads');
  return downloads.find((each) => each.id === id);
}
